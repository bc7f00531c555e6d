import type { Exchange } from "../exchange/exchange.ts";
import type { Wrap } from "./middleware.ts";

/** Characters of a key that are sent on as they are; what is longer is sent as its hash. */
const MOST_KEY = 128;

/**
 * Notes a middleware on what passes it, for the origin gateway to hold the request to: it sees the requests of all
 * isolates. What a later middleware or a service answers by itself never gets there.
 *
 * @param name in the table
 * @param keyOf what a request is counted under
 */
export const noteGuard =
  (name: string, keyOf?: (exchange: Exchange) => string): Wrap =>
  (next) =>
  async (exchange) => {
    const { guards: outer } = exchange;
    const source = keyOf?.(exchange) ?? "";
    const key = source.length <= MOST_KEY ? source : await hash(source);
    exchange.guards = [...(outer ?? []), { middleware: name, key }];
    try {
      return await next(exchange);
    } finally {
      // An outer middleware may send it again, and not through this one.
      exchange.guards = outer;
    }
  };

/** Makes a key one of the router that counts: routers below a router count for themselves, as if each stood alone. */
export const byRouter =
  (keyOf: (exchange: Exchange) => string): ((exchange: Exchange) => string) =>
  (exchange) => {
    const key = keyOf(exchange);
    return exchange.branch === undefined ? key : `${exchange.branch} ${key}`;
  };

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
