import { expect, it } from "vitest";
import { createAccessRecord } from "../../src/access-log/access-record.ts";
import { recordOrigin } from "../../src/access-log/record-origin.ts";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { forkExchange } from "../../src/exchange/fork-exchange.ts";
import type { Destination, Send } from "../../src/origin/send.ts";

const pods = (...addresses: string[]): Destination => ({
  service: "app",
  options: { type: "loadBalancer", endpoints: "app", scheme: "https", passHostHeader: true, transport: "gateway" },
  endpoints: { endpoints: addresses.map((address) => ({ address, port: 80, state: "ready" })) },
});

const exchangeWith = (access: Exchange["access"]): Exchange =>
  createExchange({
    request: new Request("http://a/"),
    scheme: "http",
    entryPoint: "web",
    host: "a",
    path: "/",
    query: "",
    client: { address: "", trusted: false },
    endpoints: () => undefined,
    waitUntil: () => {},
    access,
  });

/** A last hop that takes 5 ms and ends like this. */
const hop = (end: (exchange: Exchange) => Response) => {
  let now = 0;
  const send: Send = async (exchange) => {
    now += 5;
    return end(exchange);
  };
  return recordOrigin(send, () => now);
};

const answerOf = (pod: string) =>
  hop((exchange) => {
    if (exchange.access !== undefined) exchange.access.pod = pod;
    return new Response("ok", { headers: { server: "app" } });
  });

it("a Pod's answer", async () => {
  const access = createAccessRecord();
  await answerOf("10.0.0.2:80")(exchangeWith(access), pods("10.0.0.1", "10.0.0.2"));
  expect(access.origin).toMatchObject({ service: "app", scheme: "https", address: "10.0.0.2:80", durationMs: 5 });
  expect(access.origin?.response?.status).toBe(200);
  expect(access.origin?.response?.headers.get("server")).toBe("app");
});

it.each([
  ["of several", pods("10.0.0.1", "10.0.0.2"), undefined],
  ["the only one", pods("2001:db8::1"), "[2001:db8::1]:80"],
])("Pods that gave none: %s", async (_, destination, address) => {
  const access = createAccessRecord();
  const failing = hop((exchange) => {
    exchange.failure = "unreachable";
    return new Response("Bad Gateway", { status: 502 });
  });
  await failing(exchangeWith(access), destination);
  expect(access.origin).toMatchObject({ service: "app", address, response: undefined });
});

it("the gateway's refusal is no Pod's answer", async () => {
  const access = createAccessRecord();
  await hop(() => new Response("busy", { status: 429 }))(exchangeWith(access), pods("10.0.0.1"));
  expect(access.origin).toMatchObject({ service: "app", address: undefined, response: undefined });
});

it("the last one counts, whatever a Pod before it said", async () => {
  const access = createAccessRecord();
  await answerOf("10.0.0.1:80")(exchangeWith(access), pods("10.0.0.1"));
  await hop(() => new Response("busy", { status: 429 }))(exchangeWith(access), pods("10.0.0.1"));
  expect(access.origin).toMatchObject({ address: undefined, response: undefined });
});

it("what a mirror is answered is not told", async () => {
  const access = createAccessRecord();
  const exchange = exchangeWith(access);
  await answerOf("10.0.0.1:80")(forkExchange(exchange, { mirror: true }), pods("10.0.0.1"));
  expect(access.origin).toBeUndefined();
  await answerOf("10.0.0.1:80")(forkExchange(exchange, { body: null }), pods("10.0.0.1"));
  expect(access.origin).toBeDefined();
});
