/** What the headers about the client's side of the connection are computed from. */
export interface ForwardedClient {
  /** Whether the X-Forwarded-* headers that the client sent are kept. */
  trusted: boolean;
  /** Lower-case names of headers that the edge set or deleted itself: as it left them, whoever the client is. */
  assigned: readonly string[];
  /** How the client spoke to the entry point. */
  scheme: "http" | "https";
  /** The Host that the client sent; empty when there was none. */
  host: string;
  /** The port that the client used. */
  port: number;
  /** The peer's IP address; empty when it is not known. */
  clientAddress: string;
  /** Whether the request asks for a WebSocket. */
  webSocket: boolean;
}

/** What to change in a request's headers. Names are in lower case. */
export interface HeaderEdits {
  remove: string[];
  /** Each replaces all lines of its name. */
  set: [name: string, value: string][];
}

/**
 * The X-Forwarded-* and X-Real-Ip headers that an origin gets, by Traefik's rules for entry points
 * (https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/#forwarded-headers): those of an untrusted client
 * are removed, X-Scheme and underscore spellings included; then each that is missing is set, and the peer's address is added to
 * X-Forwarded-For. X-Forwarded-Server is left out: it would name one of thousands of isolates.
 *
 * @param names lower-case names of the request's headers
 * @param get the value of a header by its lower-case name, its lines joined
 */
export function computeForwardedHeaders(
  client: ForwardedClient,
  names: Iterable<string>,
  get: (lowerName: string) => string | null | undefined,
): HeaderEdits {
  const remove: string[] = [];
  if (!client.trusted) {
    for (const name of names) if (isForwardedHeader(name) && !client.assigned.includes(name)) remove.push(name);
  }
  const kept = (name: string): string => (remove.includes(name) ? "" : (get(name) ?? ""));

  const set: HeaderEdits["set"] = [];
  const setMissing = (name: string, value: string): void => {
    if (value !== "" && kept(name) === "" && !client.assigned.includes(name)) set.push([name, value]);
  };
  const address = withoutZone(client.clientAddress);
  const forwardedFor = kept("x-forwarded-for");
  if (address !== "") {
    set.push(["x-forwarded-for", forwardedFor === "" ? address : `${forwardedFor}, ${address}`]);
    setMissing("x-real-ip", address);
  }
  const scheme = client.webSocket ? (client.scheme === "https" ? "wss" : "ws") : client.scheme;
  setMissing("x-forwarded-proto", scheme);
  setMissing("x-forwarded-host", client.host);
  setMissing("x-forwarded-port", String(forwardedPort(client, kept("x-forwarded-proto"))));
  return { remove: remove.filter((name) => !set.some(([other]) => other === name)), set };
}

const OWN = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip"];

/** Whether an origin gets this header (its lower-case name) whoever sent it or not. */
export const isSentAlways = (lowerName: string): boolean => OWN.includes(lowerName);

/**
 * One of these headers as rules see it: as an origin gets it, or null when it gets none. But the peer's address is not in
 * X-Forwarded-For yet, which Traefik adds behind the rules: one that looks for an address there means what a proxy said.
 */
export function forwardedHeader(
  lowerName: string,
  client: ForwardedClient,
  get: (lowerName: string) => string | null | undefined,
): string | null {
  const peer = lowerName === "x-forwarded-for" ? "" : client.clientAddress;
  const { remove, set } = computeForwardedHeaders({ ...client, clientAddress: peer }, [...OWN, lowerName], get);
  const own = set.find(([name]) => name === lowerName);
  if (own !== undefined) return own[1];
  return remove.includes(lowerName) ? null : (get(lowerName) ?? null);
}

/** Whether only the edge and trusted clients may send this header (its lower-case name, in any spelling). */
export function isForwardedHeader(lowerName: string): boolean {
  if (!lowerName.startsWith("x")) return false;
  const name = lowerName.includes("_") ? lowerName.replaceAll("_", "-") : lowerName;
  return name.startsWith("x-forwarded-") || name === "x-real-ip" || name === "x-scheme";
}

/** Behind a trusted proxy that ends TLS, the port is the one that the client meant there. */
function forwardedPort({ host, port, scheme }: ForwardedClient, forwardedProto: string): number {
  const endedBefore = scheme === "http" && (forwardedProto === "https" || forwardedProto === "wss");
  return endedBefore && !/:\d+$/.test(host) ? 443 : port;
}

/** `fe80::1%eth0` without its zone, which means something only on the machine that wrote it. */
function withoutZone(address: string): string {
  const zone = address.indexOf("%");
  return zone === -1 ? address : address.slice(0, zone);
}
