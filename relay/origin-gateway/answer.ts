import type { ServerResponse } from "node:http";
import { FAILURE_HEADER, type HopFailure } from "../../src/hop/hop.ts";

const answers: Readonly<Record<HopFailure, { status: number; text: string }>> = {
  unauthorized: { status: 403, text: "Forbidden" },
  "unknown-service": { status: 503, text: "no available server" },
  "no-endpoint": { status: 503, text: "no available server" },
  unreachable: { status: 502, text: "Bad Gateway" },
  broken: { status: 502, text: "Bad Gateway" },
  timeout: { status: 504, text: "Gateway Timeout" },
};

/** The gateway's own answer, in Traefik's words, with the reason for the edge. */
export function answerFailure(response: ServerResponse, failure: HopFailure, headers: readonly string[] = []): void {
  const { status, text } = answers[failure];
  response.writeHead(status, [
    "content-type",
    "text/plain; charset=utf-8",
    "content-length",
    String(text.length),
    FAILURE_HEADER,
    failure,
    ...headers,
  ]);
  response.end(text);
}

/** To what no edge sends; ends the connection, since the two sides may not agree on where the request ends. */
export function refuseRequest(response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.writeHead(400, ["content-type", "text/plain; charset=utf-8", "content-length", "11"]).end("Bad Request");
}
