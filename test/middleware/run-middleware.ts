import type { AccessRecord } from "../../src/access-log/access-record.ts";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import type { Handler } from "../../src/exchange/exchange.ts";
import type { Wrap } from "../../src/middleware/middleware.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import type { Middleware } from "../../src/table/middleware.ts";

export interface Sent {
  /** The full URL; its path and query reach the exchange as they are written. */
  url?: string;
  method?: string;
  headers?: Record<string, string>;
  /** Whether the client's X-Forwarded-* are believed. */
  trusted?: boolean;
  body?: string;
}

/** An exchange as the edge makes it for this request. */
export function exchangeOf(
  { url = "http://a.com/", method = "GET", headers = {}, trusted = false, body }: Sent,
  access?: AccessRecord,
) {
  const [, scheme, host = "", path = "", query = ""] = /^(https?):\/\/([^/]*)([^?]*)(.*)$/s.exec(url) ?? [];
  return createExchange({
    request: new Request(`http://gateway.internal${path}${query}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
    }),
    scheme: scheme === "https" ? "https" : "http",
    entryPoint: "web",
    host,
    path,
    query,
    client: { address: "192.0.2.1", trusted },
    endpoints: () => undefined,
    waitUntil: () => {},
    access,
  });
}

/** Services that it asks by itself have nothing against anything. */
export const build = (options: Middleware): Wrap =>
  buildMiddlewares({ it: options }, () => async () => new Response(null))("it");

/** What the origin got, absent when it was not asked, and what the client got. */
export async function run(options: Middleware, sent: Sent, answer: () => Response = () => new Response("origin")) {
  const exchange = exchangeOf(sent);
  let origin: { host: string; path: string; query: string; headers: Record<string, string> } | undefined;
  const next: Handler = async ({ host, path, query, headers }) => {
    origin = { host, path, query, headers: Object.fromEntries(headers.current) };
    return answer();
  };
  const response = await build(options)(next)(exchange);
  return { origin, response, assigned: exchange.headers.assigned };
}
