import { describe, expect, it } from "vitest";
import { bodyOf, forkExchange } from "../../src/exchange/fork-exchange.ts";
import { newExchange } from "../origin/origin-harness.ts";

describe("a forked exchange", () => {
  it("shares headers that nobody has changed", () => {
    const exchange = newExchange({ headers: { "x-own": "1" } });
    expect(forkExchange(exchange, {}).headers.current).toBe(exchange.request.headers);
  });

  it.each([true, false])("keeps its edits from the original, and the other way round (edited before: %s)", (before) => {
    const exchange = newExchange({ headers: { "x-own": "1" } });
    if (before) exchange.headers.set("x-before", "1");
    const fork = forkExchange(exchange, {});
    fork.headers.set("x-fork", "1");
    fork.path = "/fork";
    exchange.headers.delete("x-own");
    exchange.host = "other";
    expect([exchange.path, exchange.headers.get("x-fork"), exchange.headers.get("x-own")]).toEqual(["/a", null, null]);
    expect([fork.host, fork.headers.get("x-own"), fork.headers.get("x-before")]).toEqual([
      "app.test:8787",
      "1",
      before ? "1" : null,
    ]);
  });

  it("knows which forwarded headers the edge has set", () => {
    const exchange = newExchange();
    exchange.headers.set("X-Forwarded-Prefix", "/a");
    exchange.headers.append("X-Forwarded-Prefix", "/b");
    const { headers } = forkExchange(exchange, {});
    expect([headers.assigned, headers.get("x-forwarded-prefix")]).toEqual([["x-forwarded-prefix"], "/a, /b"]);
  });

  it("has the original's body unless it is told another", () => {
    const exchange = newExchange({ method: "POST", body: "x" });
    const body = new ReadableStream<Uint8Array>();
    expect(bodyOf(forkExchange(exchange, {}))).toBe(exchange.request.body);
    const changed = forkExchange(exchange, { body, mirror: true });
    expect(bodyOf(changed)).toBe(body);
    expect(bodyOf(forkExchange(changed, {}))).toBe(body);
    expect(forkExchange(changed, {}).mirror).toBe(true);
    expect(bodyOf(forkExchange(changed, { body: null }))).toBeNull();
  });
});
