import type { Json } from "./api-object.ts";

/** An answer that is no success, as the server words it: a `Status` of group meta.k8s.io. */
export class ApiStatus extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Json;
  readonly headers: Record<string, string>;

  constructor(code: number, reason: string, message: string, details: Json = {}, headers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.headers = headers;
  }

  toJson(): Json {
    const { code, reason, message, details } = this;
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, details, code };
  }
}

/** The reasons that clients tell errors by (client-go compares them, not the code). */
const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Expired",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

export function apiStatus(
  code: number,
  message: string,
  details: Json = {},
  headers: Record<string, string> = {},
  reason = reasons[code] ?? "",
) {
  return new ApiStatus(code, reason, message, details, headers);
}
