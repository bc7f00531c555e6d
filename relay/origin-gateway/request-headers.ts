import { computeForwardedHeaders } from "../../src/hop/forwarded-headers.ts";
import { type Hop, MIRROR_HEADER } from "../../src/hop/hop.ts";
import { headerName } from "./header-names.ts";
import { withoutListed } from "./hop-by-hop.ts";

/**
 * The headers that a Pod gets, name and value in turn, each line as the client sent it: without those of this
 * connection and our own, with Host and X-Forwarded-* as the edge's hop says.
 *
 * @param received name and value in turn
 * @param host what the Pod is asked by
 */
export function requestHeaders(received: readonly string[], hop: Hop, host: string): string[] {
  let passed: string[] = [];
  let forwarded: string[] | undefined;
  let [connection, te, upgrade]: (string | undefined)[] = [];
  let cookieAt = -1;
  for (let i = 0; i + 1 < received.length; i += 2) {
    const [name, value] = [received[i] as string, received[i + 1] as string];
    switch (headerName(name).kind) {
      case "passes":
        passed.push(name, value);
        break;
      case "cookie":
        // HTTP/2 may split it (RFC 9113, section 8.2.3); a Pod that speaks HTTP/1.1 reads one line.
        if (cookieAt === -1) cookieAt = passed.push(name, value) - 1;
        else passed[cookieAt] += `; ${value}`;
        break;
      case "forwarded":
        forwarded ??= [];
        forwarded.push(name, value);
        break;
      case "connection":
        connection = joined(connection, value);
        break;
      case "te":
        te = joined(te, value);
        break;
      case "upgrade":
        upgrade = joined(upgrade, value);
        break;
    }
  }
  passed = withoutListed(passed, connection);
  const headers = ["host", host, ...passed];
  const isWebSocket = upgrade?.toLowerCase() === "websocket";
  if (forwarded === undefined && !isWebSocket) addUsual(headers, hop);
  else addForwarded(headers, forwarded ?? [], hop, isWebSocket);
  // Trailers are the one thing of TE that concerns the Pod and not the connection.
  if (te !== undefined && /\btrailers\b/i.test(te)) headers.push("te", "trailers");
  if (hop.mirror) headers.push(MIRROR_HEADER, "true");
  return headers;
}

/** Those of a hop whose client sent none itself: they say nothing of the request. */
const usual = new WeakMap<Hop, readonly string[]>();

function addUsual(headers: string[], hop: Hop): void {
  let lines = usual.get(hop);
  if (lines === undefined) {
    const made: string[] = [];
    addForwarded(made, [], hop, false);
    usual.set(hop, made);
    lines = made;
  }
  for (const text of lines) headers.push(text);
}

/** @param lines those that came, name and value in turn */
function addForwarded(headers: string[], lines: readonly string[], hop: Hop, webSocket: boolean): void {
  const values: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const { lower } = headerName(lines[i] ?? "");
    values[lower] = joined(values[lower], lines[i + 1] ?? "");
  }
  const { trusted, assigned, scheme, host, port, clientAddress } = hop;
  const client = { trusted, assigned, scheme, host, port, clientAddress, webSocket };
  const { remove, set } = computeForwardedHeaders(client, Object.keys(values), (name) => values[name]);
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] ?? "";
    const { lower } = headerName(name);
    if (!remove.includes(lower) && !set.some(([other]) => other === lower)) headers.push(name, lines[i + 1] ?? "");
  }
  for (const [name, value] of set) headers.push(name, value);
}

const joined = (before: string | undefined, value: string): string =>
  before === undefined ? value : `${before}, ${value}`;
