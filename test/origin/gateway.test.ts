import { describe, expect, it } from "vitest";
import { forkExchange } from "../../src/exchange/fork-exchange.ts";
import { decodeHop } from "../../src/hop/decode-hop.ts";
import { FAILURE_HEADER, HOP_HEADER, POINTER_HEADER } from "../../src/hop/hop.ts";
import { encodePointer } from "../../src/hop/pointer-header.ts";
import { createGatewaySend } from "../../src/origin/gateway.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import { destination, fakeFetch, newExchange } from "./origin-harness.ts";

const pointer: Pointer = { publisher: "cluster.one", epoch: 2, generation: 41, root: "abc_-9" };

function createGateway(...answers: (Response | Error)[]) {
  const fetcher = fakeFetch(...answers);
  const pointers: Pointer[] = [];
  const send = createGatewaySend({
    fetcher,
    signer: { sign: (service) => `token-of-${service}` },
    pointer: () => pointer,
    onPointer: (newPointer) => pointers.push(newPointer),
  });
  return { asked: fetcher.asked, pointers, send: (exchange = newExchange()) => send(exchange, destination()) };
}

const hopOf = (headers: Headers | undefined) => decodeHop(headers?.get(HOP_HEADER) ?? "");

describe("a request to the gateway", () => {
  it("goes to the one address, with the packed hop", async () => {
    const gateway = createGateway();
    await gateway.send();
    const [request] = gateway.asked;
    expect(request).toMatchObject({
      url: "http://gateway.internal/a?b=c",
      method: "GET",
      body: null,
      redirect: "manual",
    });
    expect(hopOf(request?.headers)).toEqual({
      token: "token-of-default-app-80",
      service: "default-app-80",
      scheme: "http",
      port: 8787,
      clientAddress: "192.0.2.7",
      trusted: false,
      assigned: [],
      mirror: false,
      generation: 41,
      host: "app.test:8787",
    });
  });

  it("says what the gateway is to hold it to", async () => {
    const gateway = createGateway();
    const exchange = newExchange();
    exchange.guards = [{ middleware: "limit@kubernetescrd", key: "a b" }];
    await gateway.send(exchange);
    expect(hopOf(gateway.asked[0]?.headers)?.guards).toEqual({ router: "", list: exchange.guards });
  });

  it("carries the client's headers and streams its body", async () => {
    const gateway = createGateway();
    const exchange = newExchange({ method: "POST", body: "hello", headers: { "x-own": "1" } });
    await gateway.send(exchange);
    expect(gateway.asked[0]?.method).toBe("POST");
    expect(await new Response(gateway.asked[0]?.body).text()).toBe("hello");
    expect(gateway.asked[0]?.headers.get("x-own")).toBe("1");
    expect(exchange.request.headers.has(HOP_HEADER)).toBe(false);
  });

  it("overwrites a hop that the client made up", async () => {
    const gateway = createGateway();
    await gateway.send(newExchange({ headers: { [HOP_HEADER]: "1 forged" } }));
    expect(hopOf(gateway.asked[0]?.headers)?.token).toBe("token-of-default-app-80");
  });

  it("says what middlewares set, and keeps the client's Host as X-Forwarded-Host", async () => {
    const gateway = createGateway();
    const exchange = newExchange();
    exchange.host = "inner.example.com";
    exchange.headers.set("X-Forwarded-Prefix", "/shop");
    await gateway.send(exchange);
    const headers = gateway.asked[0]?.headers;
    expect(hopOf(headers)).toMatchObject({
      host: "inner.example.com",
      assigned: ["x-forwarded-prefix", "x-forwarded-host"],
    });
    expect(headers?.get("x-forwarded-host")).toBe("app.test:8787");
  });

  it("leaves a trusted client's X-Forwarded-Host when a middleware changes the Host", async () => {
    const gateway = createGateway();
    const exchange = newExchange(
      { headers: { "x-forwarded-host": "shop.example.com" } },
      { client: { address: "10.0.0.9", trusted: true }, host: "inner.example.com" },
    );
    await gateway.send(exchange);
    expect(gateway.asked[0]?.headers.get("x-forwarded-host")).toBe("shop.example.com");
    expect(hopOf(gateway.asked[0]?.headers)).toMatchObject({ trusted: true, assigned: [] });
  });

  it("keeps the body and the edits of a request that a middleware changed", async () => {
    const gateway = createGateway();
    const exchange = newExchange({ method: "POST", body: "hello", headers: { "x-own": "1", "x-secret": "2" } });
    exchange.headers.set("x-added", "3");
    exchange.headers.delete("x-secret");
    await gateway.send(exchange);
    expect(gateway.asked[0]).toMatchObject({ method: "POST", duplex: "half", redirect: "manual" });
    expect(await new Response(gateway.asked[0]?.body).text()).toBe("hello");
    const headers = gateway.asked[0]?.headers;
    expect([headers?.get("x-own"), headers?.get("x-added"), headers?.get("x-secret")]).toEqual(["1", "3", null]);
    expect(hopOf(headers)?.service).toBe("default-app-80");
  });

  it("marks a mirror's copy, with its own body and deadline", async () => {
    const gateway = createGateway();
    const { signal } = new AbortController();
    const exchange = newExchange({ method: "POST", body: "hello" });
    await gateway.send(forkExchange(exchange, { body: null, mirror: true, signal }));
    expect(gateway.asked[0]).toMatchObject({ body: null });
    expect(gateway.asked[0]?.signal).toBe(signal);
    expect(hopOf(gateway.asked[0]?.headers)?.mirror).toBe(true);
  });
});

describe("an answer of the gateway", () => {
  it.each([
    [new Response("hello"), 1],
    [new Response("none", { status: 404 }), 1],
    [new Response("none", { status: 503, headers: { [FAILURE_HEADER]: "no-endpoint" } }), 0],
    [new Error("Network connection lost."), 0],
  ])("counts as one of a Pod when it is none of its own: %o", async (answer, times) => {
    let answers = 0;
    const send = createGatewaySend({
      fetcher: fakeFetch(answer),
      signer: { sign: () => "token" },
      pointer: () => pointer,
      onPointer: () => {},
      onAnswer: () => answers++,
    });
    await send(newExchange(), destination());
    expect(answers).toBe(times);
  });

  it("is passed on as it is", async () => {
    const answer = new Response("hello");
    expect(await createGateway(answer).send()).toBe(answer);
  });

  it("brings a new pointer, which the client does not see", async () => {
    const answer = new Response("hello", { status: 201, headers: { [POINTER_HEADER]: encodePointer(pointer) } });
    answer.headers.append("set-cookie", "a=1");
    answer.headers.append("set-cookie", "b=2");
    const gateway = createGateway(answer);
    const response = await gateway.send();
    expect(gateway.pointers).toEqual([pointer]);
    expect([response.status, response.headers.getSetCookie(), await response.text()]).toEqual([
      201,
      ["a=1", "b=2"],
      "hello",
    ]);
    expect(response.headers.has(POINTER_HEADER)).toBe(false);
  });

  it.each([[""], ["1.2"], ["a.b.c.d"], ["1.2.x."], ["1.2.x.%E0%A4%A"]])(
    "is not harmed by the pointer %j",
    async (value) => {
      const gateway = createGateway(new Response(null, { status: 204, headers: { [POINTER_HEADER]: value } }));
      const response = await gateway.send();
      expect([response.status, response.body, response.headers.has(POINTER_HEADER)]).toEqual([204, null, false]);
      expect(gateway.pointers).toEqual([]);
    },
  );

  it.each([
    ["unreachable", "unreachable"],
    ["no-endpoint", "no-endpoint"],
    ["broken", "broken"],
    ["something-new", "broken"],
    ["toString", "broken"],
  ])("of the failure %s is noted as %s, and the client does not see it", async (value, failure) => {
    const answer = new Response("Bad Gateway", { status: 502, headers: { [FAILURE_HEADER]: value } });
    const exchange = newExchange();
    const response = await createGateway(answer).send(exchange);
    expect([response.status, await response.text(), exchange.failure]).toEqual([502, "Bad Gateway", failure]);
    expect(response.headers.has(FAILURE_HEADER)).toBe(false);
  });
});

describe("a gateway that does not answer", () => {
  const lost = new Error("Network connection lost.");
  it.each<[string, Error, RequestInit, number, string, string]>([
    ["a GET", lost, {}, 502, "Bad Gateway", "unreachable"],
    ["a POST without a body", lost, { method: "POST" }, 502, "Bad Gateway", "broken"],
    ["a PUT with a body", lost, { method: "PUT", body: "x" }, 502, "Bad Gateway", "broken"],
    ["a deadline", new DOMException("late", "TimeoutError"), {}, 504, "Gateway Timeout", "timeout"],
  ])("is an answer of our own for %s", async (_, error, init, status, text, failure) => {
    const exchange = newExchange(init);
    const response = await createGateway(error).send(exchange);
    expect([response.status, await response.text(), exchange.failure]).toEqual([status, text, failure]);
  });

  it("is the same as a token that cannot be signed", async () => {
    const send = createGatewaySend({
      fetcher: fakeFetch(),
      signer: { sign: () => Promise.reject(new Error("no key")) },
      pointer: () => undefined,
      onPointer: () => {},
    });
    expect((await send(newExchange(), destination())).status).toBe(502);
  });
});
