import { createHopFilter } from "./hop-by-hop.ts";

/** A Pod's header lines, name and value in turn, as undici hands them out. */
export type RawHeaders = readonly (Buffer | string)[];

/** The lines that go on to the edge: without those of the Pod's connection and our own; every Set-Cookie its own line. */
export function responseHeaders(raw: RawHeaders): string[] {
  const lines = raw.map((text) => (typeof text === "string" ? text : text.toString("latin1")));
  const passes = createHopFilter(lineValues(lines, "connection"));
  const headers: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] as string;
    if (passes(name.toLowerCase())) headers.push(name, lines[i + 1] as string);
  }
  return headers;
}

function lineValues(lines: readonly string[], lowerName: string): string | undefined {
  const values = lines.filter((_, i) => i % 2 === 1 && lines[i - 1]?.toLowerCase() === lowerName);
  return values.length === 0 ? undefined : values.join(",");
}
