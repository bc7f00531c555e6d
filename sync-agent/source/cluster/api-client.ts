/** Speaks to one API server with the credentials of a kubeconfig: JSON as the server sends it, nothing converted. */
export interface ApiClient {
  /** @throws ApiError */
  request(request: ApiRequest): Promise<unknown>;
  /**
   * The documents of a watch, one for each line, until the server ends it.
   *
   * @throws ApiError
   */
  watch(request: Pick<ApiRequest, "path" | "query" | "signal"> & WatchOptions): AsyncIterable<unknown>;
  close(): Promise<void>;
}

export interface WatchOptions {
  /** Milliseconds until the server must have accepted the watch. Default 30 s. */
  timeoutMs?: number;
  /** Called when the server has accepted the watch: the first document of a quiet kind may be minutes away. */
  onOpen?: () => void;
}

export interface ApiRequest {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its leading slash: `/apis/coordination.k8s.io/v1/namespaces/sluice/leases/agent`. */
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  /** Of the body; a patch needs its own. Default `application/json`. */
  contentType?: string;
  signal?: AbortSignal;
  /** Milliseconds until an answer must be complete. Default 30 s. */
  timeoutMs?: number;
}

/** `transient`: worth another try later (connection, 429, 5xx, time-out). */
export type ApiErrorCode = "transient" | "unauthorized" | "forbidden" | "not-found" | "conflict" | "gone" | "refused";

export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly status: number | undefined;
  /** Milliseconds that the server asks to wait (Retry-After). */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ApiErrorCode,
    message: string,
    { status, retryAfterMs, cause }: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}
