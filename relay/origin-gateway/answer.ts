import { FAILURE_HEADER, type HopFailure } from "../../src/hop/hop.ts";
import type { ClientExchange } from "./client-exchange.ts";
import { type GrpcWebType, readGrpcWebType } from "./grpc-web.ts";

const answers: Readonly<Record<HopFailure, { status: number; text: string }>> = {
  unauthorized: { status: 403, text: "Forbidden" },
  "unknown-service": { status: 503, text: "no available server" },
  "no-endpoint": { status: 503, text: "no available server" },
  unreachable: { status: 502, text: "Bad Gateway" },
  broken: { status: 502, text: "Bad Gateway" },
  timeout: { status: 504, text: "Gateway Timeout" },
};

/** The gateway's own answer, in Traefik's words, with the reason for the edge. */
export function answerFailure(client: ClientExchange, failure: HopFailure, lines: readonly string[] = []): void {
  const grpcWeb = readGrpcWebType(client.headers["content-type"]);
  if (grpcWeb !== undefined) {
    answerGrpcWeb(client, failure, grpcWeb, lines);
    return;
  }
  const { status, text } = answers[failure];
  answerText(client, status, text, [FAILURE_HEADER, failure, ...lines]);
}

/**
 * The same for a client of gRPC-Web, which looks for `grpc-status` in the headers first. The status of HTTP is that which
 * comes to the same code (https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html), and keeps the answer a
 * failure for the edge.
 */
function answerGrpcWeb(
  client: ClientExchange,
  failure: HopFailure,
  { mode, suffix }: GrpcWebType,
  lines: readonly string[],
): void {
  const isForbidden = failure === "unauthorized";
  client.begin(isForbidden ? 403 : 503, "", [
    "content-type",
    `application/grpc-web${mode === "text" ? "-text" : ""}${suffix}`,
    "content-length",
    "0",
    "grpc-status",
    String(isForbidden ? PERMISSION_DENIED : UNAVAILABLE),
    "grpc-message",
    answers[failure].text,
    FAILURE_HEADER,
    failure,
    ...lines,
  ]);
  client.end();
}

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const PERMISSION_DENIED = 7;
const UNAVAILABLE = 14;

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
