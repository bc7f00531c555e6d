import { createExchange, type ExchangeInit } from "../../src/exchange/create-exchange.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import type { OriginFetch, OriginInit } from "../../src/origin/origin-fetch.ts";
import type { Destination } from "../../src/origin/send.ts";
import type { Endpoint } from "../../src/table/service.ts";

export const endpoint = (address: string, change: Partial<Endpoint> = {}): Endpoint => ({
  address,
  port: 8080,
  state: "ready",
  ...change,
});

export const destination = (change: Partial<Destination> = {}): Destination => ({
  service: "default-app-80",
  options: {
    type: "loadBalancer",
    endpoints: "default-app-80",
    scheme: "http",
    passHostHeader: false,
    transport: "direct",
  },
  endpoints: { endpoints: [endpoint("10.0.0.1")] },
  ...change,
});

export function newExchange(
  { url = "http://app.test:8787/a?b=c", ...init }: RequestInit & { url?: string } = {},
  change: Partial<ExchangeInit> = {},
): Exchange {
  return createExchange({
    request: new Request(url, { ...init, duplex: "half" }),
    scheme: "http",
    entryPoint: "web",
    host: "app.test:8787",
    path: "/a",
    query: "?b=c",
    client: { address: "192.0.2.7", trusted: false },
    endpoints: () => undefined,
    waitUntil: () => {},
    ...change,
  });
}

/** A request as the origin gets it: a `Request`'s own parts unless the init says others. */
type Asked = Omit<OriginInit, "redirect"> & { url: string; headers: Headers; redirect: Request["redirect"] };

/** A fetch that records what it was asked, and answers from a list: a response, or an error to reject with. */
export function fakeFetch(...answers: (Response | Error)[]) {
  const asked: Asked[] = [];
  const fetch: OriginFetch = async (input, init) => {
    const answer = answers[asked.length] ?? answers.at(-1) ?? new Response("ok");
    const url = typeof input === "string" ? input : input.url;
    const own = typeof input === "string" ? undefined : { method: input.method, body: input.body };
    const headers = typeof input === "string" ? new Headers() : input.headers;
    const redirect = typeof input === "string" ? "follow" : input.redirect;
    asked.push({ url, headers, redirect, ...own, ...init });
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { fetch, asked };
}
