import type { Exchange } from "./exchange.ts";

/** What differs in a copy of an exchange. */
export type ForkChanges = Pick<Exchange, "body" | "mirror" | "signal">;

/**
 * A copy of an exchange as it is now, for a handler that may run beside or before another one: what it edits is
 * not seen in the original. The request stays the same object, whose body can be read once.
 */
export function forkExchange(exchange: Exchange, changes: ForkChanges): Exchange {
  const fork: { -readonly [Key in keyof Exchange]: Exchange[Key] } = {
    request: exchange.request,
    scheme: exchange.scheme,
    entryPoint: exchange.entryPoint,
    router: exchange.router,
    authority: exchange.authority,
    host: exchange.host,
    path: exchange.path,
    query: exchange.query,
    client: exchange.client,
    headers: exchange.headers.fork(),
    endpoints: (key) => exchange.endpoints(key),
    waitUntil: (work) => exchange.waitUntil(work),
  };
  if (exchange.branch !== undefined) fork.branch = exchange.branch;
  const { body = exchange.body, mirror = exchange.mirror, signal = exchange.signal } = changes;
  if (body !== undefined) fork.body = body;
  if (mirror !== undefined) fork.mirror = mirror;
  if (signal !== undefined) fork.signal = signal;
  // A mirror's answer is nobody's.
  if (exchange.access !== undefined && !mirror) fork.access = exchange.access;
  // What clients are held to is not for copies that nobody waits for.
  if (changes.mirror !== true && exchange.guards !== undefined) fork.guards = exchange.guards;
  return fork;
}

/** The body to send: null when there is none. */
export const bodyOf = (exchange: Exchange): ReadableStream<Uint8Array> | null =>
  exchange.body === undefined ? exchange.request.body : exchange.body;

/**
 * Whether a body can only be sent as part of the request that brought it. A search with its query in the body of a
 * GET is common, and `fetch` takes no body for GET or HEAD (Fetch, Request constructor).
 */
export const keepsOwnBody = ({ request: { method } }: Exchange): boolean => method === "GET" || method === "HEAD";
