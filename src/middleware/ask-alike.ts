import { createExchange } from "../exchange/create-exchange.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { forkExchange } from "../exchange/fork-exchange.ts";

/**
 * How long a server may take to say who may pass, its answer's body included, in milliseconds: the 30 s that Traefik's
 * forwardAuth gives it, and a moment for a gateway that counts them as well to say so itself.
 */
export const VERDICT_TIMEOUT_MS = 30_500;

interface Question {
  method: string;
  headers: Headers;
  path: string;
  query: string;
  body?: Uint8Array<ArrayBuffer> | undefined;
  /** Ends it. */
  limit?: AbortSignal;
}

/**
 * What a middleware asks by itself on the way of a request, as if the same client asked it of the same host. Headers that
 * middlewares have set or deleted stay as they left them.
 */
export function askAlike(exchange: Exchange, { method, headers, path, query, body, limit }: Question): Exchange {
  const question = createExchange({
    request: new Request("http://question.invalid/", { method, headers, redirect: "manual" }),
    scheme: exchange.scheme,
    entryPoint: exchange.entryPoint,
    host: exchange.authority,
    path,
    query,
    client: exchange.client,
    endpoints: (key) => exchange.endpoints(key),
    waitUntil: (work) => exchange.waitUntil(work),
  });
  question.host = exchange.host;
  for (const name of exchange.headers.assigned) {
    const value = headers.get(name);
    if (value === null) question.headers.delete(name);
    else question.headers.set(name, value);
  }
  return askFor(exchange, question, body, limit);
}

/** A question with this body, which is given up when the exchange is that it is asked for, or when the limit says so. */
export function askFor(
  exchange: Exchange,
  question: Exchange,
  body: Uint8Array<ArrayBuffer> | undefined,
  limit: AbortSignal | undefined,
): Exchange {
  const both = exchange.signal !== undefined && limit !== undefined && AbortSignal.any([exchange.signal, limit]);
  const signal = both || (exchange.signal ?? limit);
  if (body === undefined && signal === undefined) return question;
  return forkExchange(question, {
    ...(body !== undefined && { body: new Response(body).body }),
    ...(signal !== undefined && { signal }),
  });
}
