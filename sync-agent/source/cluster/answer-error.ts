import { ApiError, type ApiErrorCode } from "./api-client.ts";

/**
 * Why an API server said no, by its status code and the `Status` object in its body
 * (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
 */
export function answerError(status: number, body: string, retryAfter: string | undefined, now: number): ApiError {
  const { message, details } = readStatus(body);
  const retryAfterMs = readRetryAfter(retryAfter, now) ?? seconds(details?.retryAfterSeconds);
  const text = typeof message === "string" && message !== "" ? `: ${message.slice(0, 300)}` : "";
  return new ApiError(codeOf(status), `The API server answered ${status}${text}`, {
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const codes: Readonly<Record<number, ApiErrorCode>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  408: "transient",
  409: "conflict",
  410: "gone",
  429: "transient",
};

const codeOf = (status: number): ApiErrorCode => codes[status] ?? (status >= 500 ? "transient" : "refused");

function readStatus(body: string): { message?: unknown; details?: { retryAfterSeconds?: unknown } | null } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Seconds or a date (RFC 9110 section 10.2.3), as milliseconds from now. */
function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

const seconds = (value: unknown): number | undefined =>
  typeof value === "number" && value > 0 ? value * 1000 : undefined;
