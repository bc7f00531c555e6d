import type { Exchange } from "../exchange/exchange.ts";

/** What is sent to an origin. */
export interface OriginRequest {
  method: string;
  headers: Headers;
  body: ReadableStream<Uint8Array> | null;
  /** Redirects are the client's to follow: following them here would hand its cookies to another host. */
  redirect: "manual";
  signal?: AbortSignal;
  /** Other runtimes than workerd ask for it where the body is a stream. */
  duplex?: "half";
}

/** The part of `fetch` that the last hop uses. */
export type OriginFetch = (url: string, request: OriginRequest) => Promise<Response>;

export const originRequest = (
  { request, signal }: Exchange,
  headers: Headers,
  body: OriginRequest["body"],
): OriginRequest => ({
  method: request.method,
  headers,
  body,
  redirect: "manual",
  ...(signal === undefined ? {} : { signal }),
  ...(body === null ? {} : { duplex: "half" as const }),
});
