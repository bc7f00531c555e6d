/** What is noted on a request's way for its line of the access log. */
export interface AccessRecord {
  /** The routers below the request's own that took it, joined by ` -> `. */
  branch?: string | undefined;
  /** Who was asked last; undefined when nobody was. */
  origin: OriginNote | undefined;
  /** Who a middleware found the client to be. */
  user: string | undefined;
  /** How often the request was sent again. */
  retries: number;
  /** The Pod that answered last, until it is noted who its service is. */
  pod: string | undefined;
}

/** A request that was sent to a service. */
interface OriginNote {
  /** The load balancer's name in the table. */
  service: string;
  /** How its Pods are spoken to. */
  scheme: "http" | "https" | "h2c";
  /** Address and port of the Pod, where it is known. */
  address: string | undefined;
  /** Milliseconds until its answer began. */
  durationMs: number;
  /** What it answered; undefined when it did not. */
  response: { status: number; headers: Headers } | undefined;
}

export const createAccessRecord = (): AccessRecord => ({
  branch: undefined,
  origin: undefined,
  user: undefined,
  retries: 0,
  pod: undefined,
});
