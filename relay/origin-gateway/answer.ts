import { FAILURE_HEADER, type HopFailure } from "../../src/hop/hop.ts";
import type { ClientExchange } from "./client-exchange.ts";

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
  const { status, text } = answers[failure];
  answerText(client, status, text, [FAILURE_HEADER, failure, ...lines]);
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
