import type { Dispatcher } from "undici";
import { answerError } from "./answer-error.ts";
import { type ApiClient, ApiError, type ApiErrorCode, type ApiRequest, type WatchOptions } from "./api-client.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { keepDispatcher } from "./keep-dispatcher.ts";
import type { Credentials, KubeAccess } from "./kube-access.ts";
import { splitLines } from "./split-lines.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
/** A page of 500 EndpointSlices of 100 endpoints is 13 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** etcd takes objects of 1.5 MiB. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * Speaks to an API server over one kept pool of connections. A request that is answered 401 is made once more with
 * credentials read anew: tokens rotate. Everything is raw JSON: typed clients change dates and drop unknown fields.
 */
export const createApiClient = (access: KubeAccess): ApiClient => new HttpApiClient(access);

type Sendable = Pick<ApiRequest, "path"> & Partial<ApiRequest>;

class HttpApiClient implements ApiClient {
  private readonly access: KubeAccess;
  private readonly base: URL;
  private readonly dispatchers = keepDispatcher();

  constructor(access: KubeAccess) {
    this.access = access;
    this.base = new URL(access.server);
  }

  async request(request: ApiRequest): Promise<unknown> {
    const deadline = startDeadline(request.timeoutMs ?? DEFAULT_TIMEOUT_MS, request.signal);
    try {
      const { body } = await this.send(request, deadline.signal);
      return parse(await readBody(body, MAX_ANSWER_BYTES));
    } catch (error) {
      throw toApiError(error, deadline);
    } finally {
      deadline.release();
    }
  }

  async *watch({
    timeoutMs = DEFAULT_TIMEOUT_MS,
    onOpen,
    ...request
  }: Pick<ApiRequest, "path" | "query" | "signal"> & WatchOptions): AsyncGenerator<unknown> {
    const deadline = startDeadline(timeoutMs, request.signal);
    try {
      const query = { ...request.query, watch: "true" };
      const { body } = await this.send({ ...request, query }, deadline.signal);
      deadline.stopClock();
      onOpen?.();
      const lines = splitLines(MAX_LINE_BYTES);
      for await (const chunk of body) for (const line of lines.push(chunk)) yield parse(line, "refused");
      const rest = lines.rest();
      if (rest.trim() !== "") yield parse(rest);
    } catch (error) {
      throw toApiError(error, deadline);
    } finally {
      deadline.release();
    }
  }

  async close(): Promise<void> {
    await this.dispatchers.destroy();
  }

  private async send(request: Sendable, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    let response = await this.sendOnce(request, signal);
    if (response.statusCode === 401) {
      await response.body.dump();
      this.access.renew();
      response = await this.sendOnce(request, signal);
    }
    const { statusCode, headers, body } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    const text = await readBody(body, MAX_REFUSAL_BYTES).catch(() => "");
    const retryAfter = headers["retry-after"];
    throw answerError(statusCode, text, Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, Date.now());
  }

  private async sendOnce(
    { method = "GET", path, query, body, contentType = "application/json" }: Sendable,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    // A credential plugin that hangs must not hold the caller past its time.
    const credentials = await orAborted(this.access.credentials(), signal);
    const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
    return this.dispatchers.for(credentials).request({
      origin: this.base.origin,
      path: `${this.base.pathname.replace(/\/$/, "")}${path}${search}`,
      method,
      signal,
      headers: {
        ...this.safeHeaders(credentials),
        accept: "application/json",
        "user-agent": "sluice",
        ...(body === undefined ? {} : { "content-type": contentType }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Like client-go, sends no credentials in the clear, save to this machine. */
  private safeHeaders({ headers }: Credentials): Record<string, string> {
    const isPrivate = this.base.protocol === "https:" || /^(localhost|127\..*|\[::1\])$/.test(this.base.hostname);
    if (isPrivate) return headers;
    const { authorization: _, ...rest } = headers;
    return rest;
  }
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ApiError("refused", `The API server's answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** An answer that is no JSON comes from something on the way, which may pass; within a watch it is the server's own. */
function parse(text: string, code: ApiErrorCode = "transient"): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError(code, `The API server's answer is not JSON: ${text.slice(0, 80)}`, { cause });
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const give = (): void => reject(signal.reason);
  if (signal.aborted) give();
  signal.addEventListener("abort", give, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", give));
}

function toApiError(error: unknown, deadline: Deadline): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof RangeError) return new ApiError("refused", error.message, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  const message = deadline.isOver
    ? `The API server gave ${reason}`
    : deadline.signal.aborted
      ? "The request was given up"
      : `The API server cannot be reached: ${reason}`;
  return new ApiError("transient", message, { cause: error });
}
