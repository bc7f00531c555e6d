import { portOf } from "../edge/parse-target.ts";
import { createExchange } from "../exchange/create-exchange.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { isContentLength, isHopByHop } from "../exchange/hop-by-hop.ts";
import { isForwardedHeader } from "../hop/forwarded-headers.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { askFor } from "./ask-alike.ts";
import { proxyHeader } from "./proxy-header.ts";

type QuestionOptions = Pick<
  MiddlewareOptions<"forwardAuth">,
  "trustForwardHeader" | "authRequestHeaders" | "preserveRequestMethod" | "forwardBody"
>;

/**
 * The exchange by which an authentication server is asked about another one: a GET that tells of the request in
 * X-Forwarded-*, without what belongs to the client's own connection and body. What the client said in X-Forwarded-*
 * counts only where it is trusted and `trustForwardHeader` is set; then it is told whatever `authRequestHeaders` has.
 */
export function createQuestion(
  exchange: Exchange,
  address: URL,
  options: QuestionOptions,
  body: Uint8Array<ArrayBuffer> | undefined,
  limit: AbortSignal,
): Exchange {
  const { request, client, scheme, authority } = exchange;
  const { trustForwardHeader, authRequestHeaders, preserveRequestMethod } = options;
  const told: Record<string, string> = {
    "x-forwarded-method": request.method,
    "x-forwarded-proto": scheme,
    "x-forwarded-host": exchange.host,
    "x-forwarded-port": String(portOf(authority, scheme)),
    "x-forwarded-uri": `${exchange.path}${exchange.query}`,
  };
  const headers = new Headers();
  const isTrusted = trustForwardHeader && client.trusted;
  for (const [name, value] of exchange.headers.current) {
    if (isHopByHop(name) || isContentLength(name)) continue;
    const isTold = isTrusted && isForwardedHeader(name) && !name.includes("_");
    const isAsked = authRequestHeaders.length === 0 || authRequestHeaders.some((one) => one.toLowerCase() === name);
    const isOurs = isForwardedHeader(name) && !exchange.headers.assigned.includes(name);
    if (isTold || (isAsked && !isOurs)) headers.append(name, value);
  }
  for (const [name, value] of Object.entries(told)) {
    headers.set(name, (trustForwardHeader && proxyHeader(exchange, name)) || value);
  }
  // The last hop adds the client's address, to what a proxy said before it.
  const forwardedFor = trustForwardHeader ? proxyHeader(exchange, "x-forwarded-for") : null;
  if (forwardedFor === null) headers.delete("x-forwarded-for");
  else headers.set("x-forwarded-for", forwardedFor);

  const method = preserveRequestMethod || body !== undefined ? request.method : "GET";
  const question = createExchange({
    request: new Request(address.href, { method, headers, redirect: "manual" }),
    scheme: address.protocol === "https:" ? "https" : "http",
    entryPoint: exchange.entryPoint,
    host: address.host,
    path: address.pathname,
    query: address.search,
    client: { address: client.address, trusted: true },
    endpoints: (key) => exchange.endpoints(key),
    waitUntil: (work) => exchange.waitUntil(work),
  });
  return askFor(exchange, question, body, limit);
}
