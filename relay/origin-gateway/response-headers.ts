import type { IncomingHttpHeaders } from "node:http";
import { isForwardedHeader } from "../../src/hop/forwarded-headers.ts";
import { createHopFilter } from "./hop-by-hop.ts";

/** A Pod's header lines as undici hands them out: name and value in turn, or from HTTP/2 by name. */
export type RawHeaders = readonly (Buffer | string)[] | IncomingHttpHeaders | null | undefined;

/**
 * The lines that go on to the edge, name and value in turn: without those of the Pod's connection and our own; every
 * Set-Cookie its own line.
 */
export function responseHeaders(raw: RawHeaders, status: number): string[] {
  const lines = toLines(raw);
  const passes = createHopFilter(lineValues(lines, "connection"));
  const headers: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [name = "", value = ""] = [lines[i], lines[i + 1]];
    const lowerName = name.toLowerCase();
    // RFC 9110, section 8.6: never with these, whatever the Pod says.
    if (lowerName === "content-length" && (status === 204 || status < 200)) continue;
    if (passes(lowerName)) headers.push(name, value);
  }
  return headers;
}

/** What must not stand behind a body: framing, routing, and what is decided before it (RFC 9110, section 6.5.1). */
const NEVER_TRAILERS = new Set([
  "content-length",
  "content-encoding",
  "content-range",
  "content-type",
  "host",
  "authorization",
  "set-cookie",
  "cookie",
]);

/** Trailer lines that go on to the other side, name and value in turn. */
export function trailerLines(raw: RawHeaders): string[] {
  const lines = toLines(raw);
  if (lines.length === 0) return lines;
  const passes = createHopFilter(undefined);
  return lines.flatMap((name, i) => {
    if (i % 2 === 1) return [];
    const lowerName = name.toLowerCase();
    return passes(lowerName) && !NEVER_TRAILERS.has(lowerName) && !isForwardedHeader(lowerName)
      ? [name, lines[i + 1] ?? ""]
      : [];
  });
}

function toLines(raw: RawHeaders): string[] {
  if (raw === null || raw === undefined) return [];
  if (isList(raw)) return raw.map((text) => (typeof text === "string" ? text : text.toString("latin1")));
  return Object.entries(raw).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? ""]).flatMap((line) => [name, line]),
  );
}

const isList = (raw: NonNullable<RawHeaders>): raw is readonly (Buffer | string)[] => Array.isArray(raw);

function lineValues(lines: readonly string[], lowerName: string): string | undefined {
  const values = lines.filter((_, i) => i % 2 === 1 && lines[i - 1]?.toLowerCase() === lowerName);
  return values.length === 0 ? undefined : values.join(",");
}
