import { FAILURE_HEADER, type HopFailure } from "../../src/hop/hop.ts";
import type { ClientExchange } from "./client-exchange.ts";
import { type GrpcWebType, readGrpcWebType } from "./grpc-web.ts";
import type { Refusal } from "./guards/guard.ts";

const answers: Readonly<Record<HopFailure, { status: number; text: string }>> = {
  unauthorized: { status: 403, text: "Forbidden" },
  "unknown-service": { status: 503, text: "no available server" },
  "no-endpoint": { status: 503, text: "no available server" },
  unreachable: { status: 502, text: "Bad Gateway" },
  broken: { status: 502, text: "Bad Gateway" },
  timeout: { status: 504, text: "Gateway Timeout" },
};

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const DEADLINE_EXCEEDED = 4;
const PERMISSION_DENIED = 7;
const UNAVAILABLE = 14;

/** Other failures are `UNAVAILABLE`. */
const codes: Partial<Record<HopFailure, number>> = { unauthorized: PERMISSION_DENIED, timeout: DEADLINE_EXCEEDED };

/** The status that clients get for a failure. */
export const statusOf = (failure: HopFailure): number => answers[failure].status;

/** The gateway's own answer, in Traefik's words, with the reason for the edge. */
export function answerFailure(client: ClientExchange, failure: HopFailure, lines: readonly string[] = []): void {
  const grpcWeb = readGrpcWebType(client.headers["content-type"]);
  const { status, text } = answers[failure];
  const all = [FAILURE_HEADER, failure, ...lines];
  if (grpcWeb === undefined) answerText(client, status, text, all);
  else answerGrpcWeb(client, { status: failure in codes ? status : 503, code: codes[failure], text }, grpcWeb, all);
}

/** The answer to a request that may not pass now. It is no failure: the edge does not send it elsewhere. */
export function answerRefusal(client: ClientExchange, { status, text }: Refusal, lines: readonly string[]): void {
  const grpcWeb = readGrpcWebType(client.headers["content-type"]);
  if (grpcWeb === undefined) answerText(client, status, text, lines);
  else answerGrpcWeb(client, { status, code: status === 403 ? PERMISSION_DENIED : undefined, text }, grpcWeb, lines);
}

/**
 * The same for a client of gRPC-Web, which looks for `grpc-status` in the headers first. The status is one that comes to
 * the same code where there is one (https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html), and keeps the
 * answer an error for the edge.
 */
function answerGrpcWeb(
  client: ClientExchange,
  { status, code = UNAVAILABLE, text }: { status: number; code: number | undefined; text: string },
  { mode, suffix }: GrpcWebType,
  lines: readonly string[],
): void {
  client.begin(status, "", [
    "content-type",
    `application/grpc-web${mode === "text" ? "-text" : ""}${suffix}`,
    "content-length",
    "0",
    "grpc-status",
    String(code),
    "grpc-message",
    text,
    ...lines,
  ]);
  client.end();
}

/** To what no edge sends; ends the connection, since the two sides may not agree on where the request ends. */
export function refuseRequest(client: ClientExchange): void {
  client.endConnection();
  answerText(client, 400, "Bad Request");
}

/** An answer of plain text. A body that nobody will want is read and dropped. */
export function answerText(client: ClientExchange, status: number, text: string, lines: readonly string[] = []): void {
  const framing = ["content-type", "text/plain; charset=utf-8", "content-length", String(text.length)];
  client.begin(status, "", [...framing, ...lines]);
  client.write(text);
  client.end();
}
