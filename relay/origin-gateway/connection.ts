import type { Dispatcher } from "undici";

/** A request as it goes to a Pod. */
export interface PodDispatch {
  path: string;
  method: string;
  /** Name and value in turn; `host` is among them. */
  headers: string[];
  body: AsyncIterable<Buffer> | null;
  /** Lines behind the body, name and value in turn, asked for once it has ended. HTTP/1.1 leaves them out. */
  trailers?: () => readonly string[];
  /** What to change to; never over HTTP/2. */
  upgrade?: string;
  /** Set by pools that need it. */
  servername?: string;
}

/** What sends requests, and tells how they end as undici does; so HTTP/2 can be sent by other means. */
interface PodDispatcher {
  dispatch(request: PodDispatch, handler: Dispatcher.DispatchHandler): void;
}

/** What one request is sent over. */
export interface Connection {
  readonly dispatcher: PodDispatcher;
  /** Whether it answered an earlier request: one that is closed before a byte of the answer may have been stale. */
  readonly isReused: boolean;
  /** Ends its use by this request, exactly once. @param isReusable whether it may carry another request */
  release(isReusable: boolean): void;
}

/** What a request asks of the connection that it is sent over. */
export interface ConnectionNeed {
  /** How long it may have been idle, in milliseconds. 0 asks for one that no request has used. */
  maxIdleMs: number;
  /**
   * How long a new one is watched before it is used, in milliseconds: a Pod that stops listening resets what its kernel
   * took and it did not.
   */
  watchMs: number;
}

/** The connections to one target. */
export interface ConnectionPool {
  take(need: ConnectionNeed): Connection;
  /** Closes what no request uses at the moment. */
  closeIdle(): void;
  /** No request will be sent any more: closes the idle ones now, and the others when they are released. */
  retire(): void;
  /** Ends everything now. */
  destroy(): Promise<void>;
}
