import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { forkExchange } from "../../src/exchange/fork-exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import { wrapAll } from "../../src/middleware/wrap-all.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import type { SourceCriterion } from "../../src/table/source-criterion.ts";
import { minimalOptions } from "./minimal-options.ts";
import { exchangeOf, type Sent } from "./run-middleware.ts";

const limit = (sourceCriterion?: SourceCriterion): Middleware => ({
  type: "inFlightReq",
  amount: 1,
  ...(sourceCriterion && { sourceCriterion }),
});

/** What a request is held to at its service, behind these middlewares. */
async function guardsOf(middlewares: Record<string, Middleware>, names: string[], sent: Sent = {}) {
  const look = buildMiddlewares(middlewares, () => async () => new Response());
  const exchange = exchangeOf(sent);
  let seen: Exchange["guards"];
  await wrapAll(
    names,
    look,
  )(async ({ guards }) => {
    seen = guards;
    return new Response();
  })(exchange);
  return { seen, after: exchange.guards };
}
const keyOf = async (criterion: SourceCriterion | undefined, sent: Sent): Promise<string | undefined> =>
  (await guardsOf({ limit: limit(criterion) }, ["limit"], sent)).seen?.[0]?.key;

describe("what the gateway enforces", () => {
  it("is noted in the order of the chain, and no longer than a request is behind it", async () => {
    const middlewares: Record<string, Middleware> = {
      limit: limit(),
      retry: minimalOptions.retry,
      breaker: minimalOptions.circuitBreaker,
      both: { type: "chain", middlewares: ["retry", "breaker"] },
      plain: { type: "addPrefix", prefix: "/p" },
    };
    const { seen, after } = await guardsOf(middlewares, ["limit", "plain", "both"]);
    expect(seen).toEqual([
      { middleware: "limit", key: "a.com" },
      { middleware: "retry", key: "" },
      { middleware: "breaker", key: "" },
    ]);
    expect(after).toBeUndefined();
  });

  it("is not noted for others by a request that fails", async () => {
    const exchange = exchangeOf({});
    const wrap = buildMiddlewares({ retry: minimalOptions.retry }, () => async () => new Response())("retry");
    await expect(wrap(() => Promise.reject(new Error("origin")))(exchange)).rejects.toThrow("origin");
    expect(exchange.guards).toBeUndefined();
  });

  it("goes along with a copy of the request, but not with a mirror's", async () => {
    const exchange = exchangeOf({});
    exchange.guards = [{ middleware: "m", key: "" }];
    expect(forkExchange(exchange, {}).guards).toEqual(exchange.guards);
    expect(forkExchange(exchange, { mirror: true }).guards).toBeUndefined();
    const mirror = forkExchange(exchange, { mirror: true });
    mirror.guards = exchange.guards;
    expect(forkExchange(mirror, {}).guards).toEqual(exchange.guards);
  });

  it.each<[string, SourceCriterion | undefined, Sent, string]>([
    ["the host, however it is written", undefined, { url: "http://A.com.:80/" }, "a.com"],
    ["a header", { requestHeaderName: "X-User" }, { headers: { "X-User": "u1" } }, "u1"],
    ["a header that is missing", { requestHeaderName: "X-User" }, {}, ""],
    ["the address", { ipStrategy: {} }, {}, "192.0.2.1"],
    [
      "an address that a trusted proxy tells",
      { ipStrategy: { depth: 1 } },
      { trusted: true, headers: { "X-Forwarded-For": "198.51.100.7" } },
      "198.51.100.7",
    ],
    [
      "no address that a client makes up",
      { ipStrategy: { depth: 1 } },
      { headers: { "X-Forwarded-For": "198.51.100.7" } },
      "",
    ],
  ])("counts by %s", async (_, criterion, sent, key) => {
    expect(await keyOf(criterion, sent)).toBe(key);
  });

  it("counts by a header of any length, and sends little of it on", async () => {
    const criterion = { requestHeaderName: "X-User" };
    const keys = await Promise.all(
      ["a".repeat(128), "a".repeat(129), `${"a".repeat(128)}b`, "a".repeat(129)].map((user) =>
        keyOf(criterion, { headers: { "X-User": user } }),
      ),
    );
    expect(keys[0]).toBe("a".repeat(128));
    expect(keys[1]).toMatch(/^sha256-[0-9a-f]{64}$/);
    expect(keys[3]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[1]);
  });
});
