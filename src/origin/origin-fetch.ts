import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, keepsOwnBody } from "../exchange/fork-exchange.ts";

/** What is sent to an origin. */
interface OriginRequest {
  method: string;
  headers: Headers;
  body: ReadableStream<Uint8Array> | null;
  /** Redirects are the client's to follow: following them here would hand its cookies to another host. */
  redirect: "manual";
  /** What Cloudflare's cache has, or would keep, is one client's answer: a proxy asks for each. */
  cache?: "no-store";
  signal?: AbortSignal;
  /** Other runtimes than workerd ask for it where the body is a stream. */
  duplex?: "half";
}

/** The part of `fetch` that the last hop uses. */
export type OriginFetch = (input: string | Request, init?: OriginInit) => Promise<Response>;

/** What a `Request` that is sent as it is leaves to say. */
export type OriginInit = Pick<OriginRequest, "redirect"> & Partial<OriginRequest>;

/** Sends an exchange's request to a URL, with these headers and the body that is to be sent. */
export function fetchOrigin(fetch: OriginFetch, url: string, exchange: Exchange, headers: Headers): Promise<Response> {
  const { request, signal } = exchange;
  const body = bodyOf(exchange);
  const init: OriginInit = { headers, redirect: "manual", ...(signal === undefined ? {} : { signal }) };
  if (body !== null && keepsOwnBody(exchange)) return fetch(new Request(url, request), init);
  return fetch(url, {
    ...init,
    method: request.method,
    body,
    ...(body === null ? {} : { duplex: "half" as const }),
  });
}

const asItIs: OriginInit = { redirect: "manual" };

/**
 * Sends an exchange's request to a URL, with its headers and one more. One that no middleware has touched is copied as
 * a whole: that costs the runtime less than to take it apart.
 */
export function fetchWithHeader(
  fetch: OriginFetch,
  url: string,
  exchange: Exchange,
  name: string,
  value: string,
): Promise<Response> {
  const { request, headers, body, signal } = exchange;
  if (body !== undefined || headers.isEdited) {
    headers.set(name, value);
    return fetchOrigin(fetch, url, exchange, headers.current);
  }
  const sent = new Request(url, request);
  sent.headers.set(name, value);
  if (signal !== undefined) return fetch(sent, { ...asItIs, signal });
  // So is what a Worker is asked; an init that says it again would have the runtime copy the request once more.
  return sent.redirect === "manual" ? fetch(sent) : fetch(sent, asItIs);
}
