import type { IncomingHttpHeaders } from "node:http";
import { portOf } from "../../src/edge/parse-target.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { computeForwardedHeaders } from "../../src/hop/forwarded-headers.ts";
import { MIRROR_HEADER } from "../../src/hop/hop.ts";
import { isDropped } from "../origin-gateway/hop-by-hop.ts";
import { formatGrpcTimeout } from "./grpc-timeout.ts";

/** Nothing in HTTP/2 is for one connection alone, but some clients send such headers all the same. */
const passes = (lowerName: string): boolean => !isDropped(lowerName);

/** A call's headers for rules and middlewares, without those that no client may send. Throws for what is no header. */
export function callHeaders(received: IncomingHttpHeaders, authority: string): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    if (name.startsWith(":") || value === undefined || !passes(name)) continue;
    for (const line of Array.isArray(value) ? value : [value]) headers.append(name, line);
  }
  headers.set("host", authority);
  return headers;
}

/**
 * The headers that a Pod gets of a call, name and value in turn, with X-Forwarded-* by the rules of the entry point.
 *
 * @param host what the Pod is asked by
 * @param leftMs what is left of the time that the client gave its call
 */
export function podHeaders(exchange: Exchange, host: string, leftMs: number | undefined): string[] {
  const lines = serverHeaders(exchange, host, leftMs === undefined ? [] : ["grpc-timeout"]);
  if (leftMs !== undefined) lines.push("grpc-timeout", formatGrpcTimeout(leftMs));
  // Without it some servers take the client for one that cannot read their status.
  lines.push("te", "trailers");
  if (exchange.mirror) lines.push(MIRROR_HEADER, "true");
  return lines;
}

/** As `podHeaders`, of any request, without the headers named in `leaveOut`. */
export function serverHeaders(exchange: Exchange, host: string, leaveOut: readonly string[] = []): string[] {
  const { headers: edited, scheme, authority, client } = exchange;
  const current = edited.current;
  const forwarded = computeForwardedHeaders(
    {
      trusted: client.trusted,
      assigned: edited.assigned,
      scheme,
      host: authority,
      port: portOf(authority, scheme),
      clientAddress: client.address,
      webSocket: false,
    },
    current.keys(),
    (name) => current.get(name),
  );
  const replaced = new Set([
    "host",
    "content-length",
    ...leaveOut,
    ...forwarded.remove,
    ...forwarded.set.map(([name]) => name),
  ]);
  const lines = ["host", host];
  for (const [name, value] of current) if (passes(name) && !replaced.has(name)) lines.push(name, value);
  for (const [name, value] of forwarded.set) lines.push(name, value);
  return lines;
}

/** A Pod's header lines for middlewares. */
export function answerHeaders(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = (lines[i] ?? "").toLowerCase();
    if (passes(name)) headers.append(name, lines[i + 1] ?? "");
  }
  return headers;
}

/** Headers for the client; every Set-Cookie is a line of its own. */
export function clientHeaders(headers: Headers, leaveOut: ReadonlySet<string> = new Set()): Record<string, string[]> {
  const record: Record<string, string[]> = {};
  for (const [name, value] of headers) {
    if (leaveOut.has(name) || !passes(name)) continue;
    record[name] = [...(record[name] ?? []), value];
  }
  return record;
}
