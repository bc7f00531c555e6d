import { describe, expect, it } from "vitest";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import { forkExchange } from "../../src/exchange/fork-exchange.ts";
import { createDirectSend } from "../../src/origin/direct.ts";
import type { Endpoints, LoadBalancer } from "../../src/table/service.ts";
import { destination, endpoint, fakeFetch, newExchange } from "./origin-harness.ts";

function createDirect(answers: (Response | Error)[], endpoints?: Endpoints, options: Partial<LoadBalancer> = {}) {
  const { fetch, asked } = fakeFetch(...answers);
  const clock = { now: 0 };
  const send = createDirectSend({ fetch, random: () => 0, now: () => clock.now });
  const to = destination(endpoints === undefined ? {} : { endpoints });
  return {
    asked,
    clock,
    send: (exchange = newExchange()) => send(exchange, { ...to, options: { ...to.options, ...options } }),
  };
}

const ok = () => new Response("ok");
const lost = new Error("Network connection lost.");
const three = { endpoints: [endpoint("10.0.0.1"), endpoint("10.0.0.2"), endpoint("10.0.0.3")] };
const hosts = ({ asked }: ReturnType<typeof createDirect>) => asked.map(({ url }) => new URL(url).hostname);

describe("a direct request", () => {
  it.each<[string, Endpoints, Partial<LoadBalancer>, string]>([
    [
      "a host name",
      { endpoints: [endpoint("api.example.com", { port: 443 })] },
      { scheme: "https" },
      "https://api.example.com:443/a?b=c",
    ],
    ["an IPv6 address", { endpoints: [endpoint("2001:db8::1")] }, {}, "http://[2001:db8::1]:8080/a?b=c"],
    ["h2c by HTTP/1.1", { endpoints: [endpoint("10.0.0.1")] }, { scheme: "h2c" }, "http://10.0.0.1:8080/a?b=c"],
    [
      "a ready endpoint before one that terminates",
      { endpoints: [endpoint("10.0.0.1", { state: "terminating" }), endpoint("10.0.0.2")] },
      {},
      "http://10.0.0.2:8080/a?b=c",
    ],
    [
      "an endpoint that terminates before nothing",
      { endpoints: [endpoint("10.0.0.1", { state: "terminating" })], clusterIp: { address: "10.96.0.1", port: 80 } },
      {},
      "http://10.0.0.1:8080/a?b=c",
    ],
    [
      "the Service's address at last",
      { endpoints: [], clusterIp: { address: "10.96.0.1", port: 80 } },
      {},
      "http://10.96.0.1:80/a?b=c",
    ],
  ])("goes to %s", async (_, endpoints, options, url) => {
    const direct = createDirect([ok()], endpoints, options);
    await direct.send();
    expect(direct.asked.map((request) => request.url)).toEqual([url]);
    expect(direct.asked[0]?.redirect).toBe("manual");
  });

  it.each(["GET", "POST"])("never goes through a cache: %s", async (method) => {
    const direct = createDirect([ok()]);
    await direct.send(newExchange({ method, ...(method === "POST" && { body: "x" }) }));
    expect(direct.asked.map(({ cache }) => cache)).toEqual(["no-store"]);
  });

  it("carries forwarded headers of ours, and nothing internal", async () => {
    const direct = createDirect([ok()]);
    await direct.send(
      newExchange({
        headers: { "x-forwarded-for": "1.1.1.1", "sluice-hop": "forged", "sluice-mirror": "true", "x-own": "1" },
      }),
    );
    expect(Object.fromEntries(direct.asked[0]?.headers ?? [])).toEqual({
      "x-own": "1",
      "x-forwarded-for": "192.0.2.7",
      "x-forwarded-host": "app.test:8787",
      "x-forwarded-port": "8787",
      "x-forwarded-proto": "http",
      "x-real-ip": "192.0.2.7",
    });
  });

  it("carries nothing that is for us alone, in any spelling", async () => {
    const own = {
      "Proxy-Authorization": "Basic x",
      "Proxy-Connection": "close",
      Proxy_Authorization: "y",
      Transfer_Encoding: "chunked",
      Content_Length: "5",
      TE: "trailers",
    };
    const direct = createDirect([ok()]);
    // A Request of Node's refuses some of them.
    const headers = new Headers({ ...own, "Content-Length": "0", "X-Own": "1" });
    await direct.send(newExchange({}, { request: { method: "GET", headers, body: null } as Request }));
    const names = [...(direct.asked[0]?.headers.keys() ?? [])].filter((name) => !name.startsWith("x-forwarded-"));
    expect(names).toEqual(["content-length", "x-own", "x-real-ip"]);
  });

  it("marks a mirror's copy", async () => {
    const direct = createDirect([ok()]);
    await direct.send(forkExchange(newExchange(), { mirror: true }));
    expect(direct.asked[0]?.headers.get("sluice-mirror")).toBe("true");
  });

  it("says wss for a WebSocket over TLS", async () => {
    const direct = createDirect([ok()]);
    const { request, endpoints, waitUntil, client } = newExchange({ headers: { upgrade: "WebSocket" } });
    const init = { request, endpoints, waitUntil, client, entryPoint: "websecure", host: "a", path: "/", query: "" };
    await direct.send(createExchange({ ...init, scheme: "https" }));
    expect(direct.asked[0]?.headers.get("x-forwarded-proto")).toBe("wss");
  });
});

describe("a direct request that fails", () => {
  it("tries other endpoints, each once", async () => {
    const direct = createDirect([lost, lost, ok()], three);
    expect((await direct.send()).status).toBe(200);
    expect(hosts(direct)).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
  });

  it.each<[string, RequestInit]>([
    ["a body", { method: "PUT", body: "x" }],
    ["a method that may not be repeated", { method: "POST" }],
  ])("is not sent again with %s", async (_, init) => {
    const direct = createDirect([lost, ok()], three);
    const exchange = newExchange(init);
    expect((await direct.send(exchange)).status).toBe(502);
    expect(exchange.failure).toBe("broken");
    expect(hosts(direct)).toEqual(["10.0.0.1"]);
  });

  it("answers 502 when none can be reached, so that a fallback may be asked", async () => {
    const direct = createDirect([lost], three);
    const exchange = newExchange();
    const response = await direct.send(exchange);
    expect([response.status, await response.text(), exchange.failure]).toEqual([502, "Bad Gateway", "unreachable"]);
    expect(direct.asked).toHaveLength(3);
  });

  it("stops at its deadline", async () => {
    const direct = createDirect([new DOMException("late", "TimeoutError")], three);
    const exchange = forkExchange(newExchange(), { signal: AbortSignal.abort() });
    expect((await direct.send(exchange)).status).toBe(504);
    expect(direct.asked).toHaveLength(1);
  });

  it("answers 503 when there is nowhere to send it", async () => {
    const exchange = newExchange();
    const response = await createDirect([ok()], { endpoints: [] }).send(exchange);
    expect([response.status, await response.text(), exchange.failure]).toEqual([
      503,
      "no available server",
      "no-endpoint",
    ]);
  });
});

describe("a direct request to a service with passive health checks", () => {
  const passiveHealthCheck = { maxFailedAttempts: 1, failureWindowMs: 10_000 };
  const bad = () => new Response("no", { status: 500 });

  it("goes past an endpoint that failed lately, and comes back to it", async () => {
    const direct = createDirect([bad(), ok(), ok()], three, { passiveHealthCheck });
    for (const passed of [0, 9_999, 1]) {
      direct.clock.now += passed;
      await direct.send();
    }
    expect(hosts(direct)).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.1"]);
  });

  it("goes past one that could not be reached", async () => {
    const direct = createDirect([lost, ok(), ok()], three, { passiveHealthCheck });
    for (let i = 0; i < 2; i++) await direct.send();
    expect(hosts(direct)).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.2"]);
  });

  it("goes nowhere when all have failed", async () => {
    const direct = createDirect([bad()], { endpoints: [endpoint("10.0.0.1")] }, { passiveHealthCheck });
    await direct.send();
    const exchange = newExchange();
    expect((await direct.send(exchange)).status).toBe(503);
    expect([exchange.failure, direct.asked.length]).toEqual(["no-endpoint", 1]);
  });

  it("goes on to one that fails where nothing is checked", async () => {
    const direct = createDirect([bad(), bad()], three);
    for (let i = 0; i < 2; i++) await direct.send();
    expect(hosts(direct)).toEqual(["10.0.0.1", "10.0.0.1"]);
  });
});
