import type { AccessRecord } from "../access-log/access-record.ts";
import type { HopFailure, HopGuard } from "../hop/hop.ts";
import type { Endpoints } from "../table/service.ts";

/** Keeps the isolate alive for work that goes on after the response. */
export type WaitUntil = (work: Promise<unknown>) => void;

/** Answers one exchange. Services are handlers, and a middleware makes one handler of another. */
export type Handler = (exchange: Exchange) => Promise<Response>;

/**
 * One request on its way through middlewares and service, written on web-standard types so that the relay
 * runs the same middlewares. What a middleware changes is changed here, and only read at the last hop: a
 * request without edits costs no copy of its headers.
 */
export interface Exchange {
  /** The request as it came in. Its body can be read once. */
  readonly request: Request;
  /** `http` or `https`: how the client speaks to the entry point. */
  readonly scheme: "http" | "https";
  /** The name of the entry point. */
  readonly entryPoint: string;
  /** The name of the router that took it; empty for what a middleware asks by itself. */
  readonly router: string;
  /** The routers below it that took it, joined by ` -> `; undefined: none. */
  branch?: string | undefined;
  /** The Host that the client sent. */
  readonly authority: string;
  /** The Host that the origin sees, as the client sent it unless a middleware changed it. */
  host: string;
  /** The escaped, normalised path that is sent on; begins with `/`. */
  path: string;
  /** The query with its `?`, or empty. */
  query: string;
  readonly client: {
    /** The peer's IP address, without port. */
    readonly address: string;
    /** Whether the X-Forwarded-* headers that it sent are believed. */
    readonly trusted: boolean;
  };
  /** Header edits, made on a copy at the first change. */
  readonly headers: RequestHeaders;
  /** The endpoints of a load balancer in the generation that serves this request. */
  endpoints(key: string): Endpoints | undefined;
  waitUntil: WaitUntil;
  /** What to send in place of the request's own body (null: nothing). Read bodies through `bodyOf`. */
  readonly body?: ReadableStream<Uint8Array> | null;
  /** Set on a mirror's copy. */
  readonly mirror?: boolean;
  /** Ends a mirror's copy at its deadline. */
  readonly signal?: AbortSignal;
  /** The middlewares that the origin gateway holds it to, outermost first; undefined: none. */
  guards?: readonly HopGuard[] | undefined;
  /** Set by the last hop when the answer is its own, since no endpoint gave one. */
  failure?: HopFailure | undefined;
  /** What is noted for the access log; undefined when the request is not logged. */
  readonly access?: AccessRecord | undefined;
}

/** The request's headers, copied only when something is changed. */
export interface RequestHeaders {
  get(name: string): string | null;
  /** Sets a header that the origin gets even where clients may not send it (X-Forwarded-*). */
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  /** Whether anything was changed. */
  readonly isEdited: boolean;
  /** The headers to send on: the request's own object when nothing was changed. */
  readonly current: Headers;
  /** Lower-case names of X-Forwarded-* and similar headers that were set or deleted here, not by the client. */
  readonly assigned: readonly string[];
  /** The headers as they are now, to be changed apart from these. */
  fork(): RequestHeaders;
}
