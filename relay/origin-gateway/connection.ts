import type { Dispatcher } from "undici";

/** What one request is sent over. */
export interface Connection {
  readonly dispatcher: Dispatcher;
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
