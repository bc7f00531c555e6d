import { APIConnectionError, APIError, APIUserAbortError } from "cloudflare";

/**
 * Why something could not be published. `transient`: it is worth another try. `fatal`: it will not go away by itself,
 * and the message says what to do.
 */
export class PublishError extends Error {
  override readonly name = "PublishError";
  readonly code: "transient" | "fatal";
  /** Milliseconds that the server asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(code: PublishError["code"], message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What the SDK throws, told apart. */
export function toPublishError(error: unknown, what: string): PublishError {
  if (error instanceof PublishError) return error;
  if (error instanceof APIUserAbortError) return new PublishError("transient", `${what}: given up`, { cause: error });
  if (error instanceof APIConnectionError) {
    return new PublishError("transient", `${what}: Cloudflare cannot be reached (${error.message})`, { cause: error });
  }
  if (!(error instanceof APIError)) {
    return new PublishError("transient", `${what}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const { status } = error;
  const said = error.errors?.map(({ message }) => message).join("; ") || error.message;
  switch (status) {
    case 400:
      return new PublishError("fatal", `${what}: Cloudflare does not take it: ${said}`, { cause: error });
    case 401:
    case 403: {
      const hint = "the API token needs the permission Workers KV Storage: Edit, for this account";
      return new PublishError("fatal", `${what}: Cloudflare refuses (${status}, ${said}): ${hint}`, { cause: error });
    }
    case 404:
      return new PublishError("fatal", `${what}: there is no such account or KV namespace (${said})`, { cause: error });
    default: {
      const seconds = Number(error.headers?.get("retry-after"));
      const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
      return new PublishError("transient", `${what}: Cloudflare answers ${status} (${said})`, {
        cause: error,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      });
    }
  }
}
