import { APIConnectionError, APIError, APIUserAbortError } from "cloudflare";

/**
 * Why something could not be published. `transient`: it is worth another try. `fatal`: it will not go away by itself,
 * and the message says what to do.
 */
export class PublishError extends Error {
  override readonly name = "PublishError";
  readonly code: "transient" | "fatal";
  /** What Cloudflare's API answered; undefined when it did not. */
  readonly status: number | undefined;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(code: PublishError["code"], message: string, { status, retryAfterMs, cause }: PublishErrorOptions = {}) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

interface PublishErrorOptions {
  status?: number;
  retryAfterMs?: number;
  cause?: unknown;
}

/** No rate limit of the API lasts longer; a server that asks for more is not believed. */
const LONGEST_RETRY_AFTER_MS = 15 * 60_000;

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
  const refused = (code: PublishError["code"], message: string, retryAfterMs?: number): PublishError =>
    new PublishError(code, `${what}: ${message}`, {
      cause: error,
      ...(status !== undefined && { status }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  switch (status) {
    case 400:
      return refused("fatal", `Cloudflare does not take it: ${said}`);
    case 401:
    case 403: {
      const hint = "the API token needs the permission Workers KV Storage: Edit, for this account";
      return refused("fatal", `Cloudflare refuses (${status}, ${said}): ${hint}`);
    }
    case 404:
      return refused("fatal", `there is no such account or KV namespace (${said})`);
    case 413:
      return refused("fatal", `it is too large for Cloudflare: ${said}`);
    default:
      return refused("transient", `Cloudflare answers ${status} (${said})`, retryAfterOf(error));
  }
}

/** Milliseconds that an answer asks to wait; undefined when it does not. */
export function retryAfterOf({ headers }: Pick<APIError, "headers">): number | undefined {
  const seconds = Number(headers?.get("retry-after"));
  const isAsked = Number.isFinite(seconds) && seconds > 0;
  return isAsked ? Math.min(seconds * 1000, LONGEST_RETRY_AFTER_MS) : undefined;
}
