import type { Dispatcher } from "undici";

/** What one request is sent over. */
export interface Connection {
  readonly dispatcher: Dispatcher;
  /** Whether it answered an earlier request: one that is closed before a byte of the answer may have been stale. */
  readonly isReused: boolean;
  /** Ends its use by this request, exactly once. @param isReusable whether it may carry another request */
  release(isReusable: boolean): void;
}

/** The connections to one target. */
export interface ConnectionPool {
  /** @param isFresh asks for one that no request has used */
  take(isFresh: boolean): Connection;
  /** Closes what no request uses at the moment. */
  closeIdle(): void;
  /** No request will be sent any more: closes the idle ones now, and the others when they are released. */
  retire(): void;
  /** Ends everything now. */
  destroy(): Promise<void>;
}
