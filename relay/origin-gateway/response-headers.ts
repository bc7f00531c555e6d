import type { IncomingHttpHeaders } from "node:http";
import { headerName } from "./header-names.ts";
import { withoutListed } from "./hop-by-hop.ts";

/** Header lines as clients hand them out, name and value in turn: never by name, but their types have that too. */
export type RawHeaders = Buffer[] | string[] | IncomingHttpHeaders | null | undefined;

/**
 * The lines that go on to the edge, name and value in turn: without those of the Pod's connection and our own; every
 * Set-Cookie its own line.
 */
export function responseHeaders(raw: RawHeaders, status: number): string[] {
  if (!Array.isArray(raw)) return [];
  // RFC 9110, section 8.6: never with these, whatever the Pod says.
  const hasNoLength = status === 204 || status < 200;
  const headers: string[] = [];
  let connection: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = textOf(raw[i]);
    const { kind, lower } = headerName(name);
    if (kind === "passes" || kind === "forwarded" || kind === "cookie" || kind === "host") {
      if (!hasNoLength || lower !== "content-length") headers.push(name, textOf(raw[i + 1]));
    } else if (kind === "connection") {
      const value = textOf(raw[i + 1]);
      connection = connection === undefined ? value : `${connection},${value}`;
    }
  }
  return withoutListed(headers, connection);
}

/** What must not stand behind a body: framing, routing, and what is decided before it (RFC 9110, section 6.5.1). */
const NEVER_TRAILERS = new Set([
  "content-length",
  "content-encoding",
  "content-range",
  "content-type",
  "authorization",
  "set-cookie",
]);

/** Trailer lines that go on to the other side, name and value in turn. */
export function trailerLines(raw: RawHeaders): string[] {
  const trailers: string[] = [];
  for (let i = 0; Array.isArray(raw) && i + 1 < raw.length; i += 2) {
    const name = textOf(raw[i]);
    const { kind, lower } = headerName(name);
    if (kind === "passes" && !NEVER_TRAILERS.has(lower)) trailers.push(name, textOf(raw[i + 1]));
  }
  return trailers;
}

const textOf = (text: Buffer | string | undefined): string =>
  typeof text === "string" ? text : (text?.toString("latin1") ?? "");
