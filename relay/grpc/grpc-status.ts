/** Codes of gRPC that the relay answers with itself (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
export const UNKNOWN = 2;
export const DEADLINE_EXCEEDED = 4;
const PERMISSION_DENIED = 7;
export const UNIMPLEMENTED = 12;
export const INTERNAL = 13;
export const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

const byStatus: Readonly<Record<number, number>> = {
  400: INTERNAL,
  401: UNAUTHENTICATED,
  403: PERMISSION_DENIED,
  404: UNIMPLEMENTED,
  429: UNAVAILABLE,
  501: UNIMPLEMENTED,
};

/**
 * The code that an answer of HTTP comes to where a call waits for one of gRPC
 * (https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html). All failures of servers are `UNAVAILABLE`: a
 * middleware or a missing backend says 500 where Gateway API wants that code.
 */
export const codeOfStatus = (status: number): number => byStatus[status] ?? (status >= 500 ? UNAVAILABLE : UNKNOWN);

/** The value of `grpc-message`: percent-encoded UTF-8 (gRPC over HTTP/2, Responses). */
export const encodeMessage = (text: string): string =>
  text.toWellFormed().replace(/[^ -$&-~]+/gu, (part) => encodeURIComponent(part));
