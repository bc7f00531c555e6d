import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { byRouter, noteGuard } from "../../src/middleware/guard.ts";
import type { Wrap } from "../../src/middleware/middleware.ts";
import { matchRoute } from "../../src/router/match-route.ts";
import { buildRouteIndex } from "../../src/router/route-index.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import { factsOfExchange } from "../../src/service/routers.ts";
import type { ChildRouter } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import type { Service } from "../../src/table/service.ts";
import { balancer, createHarness, type HarnessRequest } from "./service-harness.ts";

const ruleOf = (text: string): Rule => {
  const parsed = parseRule(text, "v3");
  if ("error" in parsed) throw new Error(parsed.error.message);
  return parsed.rule;
};

const router = (name: string, ruleText: string, change: Partial<ChildRouter> = {}): ChildRouter => ({
  name,
  rule: ruleOf(ruleText),
  ruleText,
  priority: ruleText.length,
  tieBreaker: name,
  middlewares: [],
  service: name,
  ...change,
});

const routers = (...list: ChildRouter[]): Service => ({ type: "routers", routers: list });

const edit =
  (change: (exchange: Exchange) => void): Wrap =>
  (next) =>
  (exchange) => {
    change(exchange);
    return next(exchange);
  };

describe("the routers below a router", () => {
  const harnessOf = (list: ChildRouter[], middlewares: Record<string, Wrap> = {}) =>
    createHarness({
      services: {
        below: routers(...list),
        edited: { type: "filtered", middlewares: Object.keys(middlewares), service: "below" },
        a: balancer("a"),
        b: balancer("b"),
        c: balancer("c"),
      },
      middlewares,
    });

  it.each<[string, ChildRouter[], HarnessRequest, string]>([
    ["the longer rule", [router("a", "PathPrefix(`/`)"), router("b", "PathPrefix(`/x`)")], { path: "/x" }, "b"],
    ["the other where it does not match", [router("a", "PathPrefix(`/`)"), router("b", "PathPrefix(`/x`)")], {}, "a"],
    [
      "the higher priority",
      [router("a", "PathPrefix(`/`)", { priority: 90 }), router("b", "Path(`/xyz`)")],
      { path: "/xyz" },
      "a",
    ],
    ["of equals the first", [router("b", "Path(`/`)"), router("a", "Path(`/`)")], {}, "a"],
    [
      "by a header",
      [router("a", "PathPrefix(`/`)"), router("b", "Header(`X-User`, `ann`)")],
      { headers: { "X-User": "ann" } },
      "b",
    ],
    [
      "by the method",
      [router("a", "PathPrefix(`/`)"), router("b", "Method(`DELETE`) && Path(`/`)")],
      { method: "DELETE" },
      "b",
    ],
    ["by the host", [router("a", "Host(`b.test`)"), router("b", "Host(`APP.test`)")], {}, "b"],
    ["by the client", [router("a", "PathPrefix(`/`)"), router("b", "ClientIP(`192.0.2.0/24`)")], {}, "b"],
  ])("choose by priority: %s", async (_, list, request, expected) => {
    expect(await (await harnessOf(list).ask("below", request)).text()).toBe(expected);
  });

  it("answer 404 where none takes a request, and make no hop", async () => {
    const harness = harnessOf([router("a", "Path(`/x`)")]);
    const answer = await harness.ask("below");
    expect([answer.status, await answer.text(), harness.sent]).toEqual([404, "404 page not found", []]);
  });

  it("see headers, path and query as the middlewares above have left them, and the host that the client asked for", async () => {
    const list = [
      router("a", "PathPrefix(`/`)"),
      router("b", "Header(`X-User`, `ann`) && Path(`/in/a b`) && Query(`q`, `1`) && Host(`app.test`)"),
    ];
    const harness = harnessOf(list, {
      who: edit((exchange) => {
        exchange.headers.set("X-User", "ann");
        exchange.host = "pod.internal";
        exchange.path = "/in/a%20b";
        exchange.query = "?q=1";
      }),
    });
    expect(await (await harness.ask("below", { headers: { "X-User": "bob" } })).text()).toBe("a");
    expect(await (await harness.ask("edited", { headers: { "X-User": "bob" } })).text()).toBe("b");
  });

  it.each([
    ["X-Forwarded-User", false, {}, "a"],
    ["X-Forwarded-User", true, {}, "b"],
    ["X_Forwarded_User", false, {}, "a"],
    ["X-Real-Ip", false, {}, "a"],
    ["X-Forwarded-User", false, { who: edit(({ headers }) => headers.set("X-Forwarded-User", "ann")) }, "b"],
  ])("believe %s of a trusted client (%s) and of middlewares alone", async (name, trusted, middlewares, expected) => {
    const list = [router("a", "PathPrefix(`/`)"), router("b", `Header(\`${name}\`, \`ann\`)`, { priority: 99 })];
    const harness = harnessOf(list, middlewares);
    const exchange = createExchange({
      ...harness.exchangeOf({ headers: { [name]: "ann" } }),
      client: { address: "192.0.2.1", trusted },
      host: "app.test",
    });
    expect(await (await harness.service("edited").handle(exchange)).text()).toBe(expected);
  });

  it.each([
    ["X-Forwarded-Proto", "http"],
    ["X-Forwarded-Host", "app.test"],
    ["X-Real-Ip", "192.0.2.1"],
  ])("see %s as a Pod does", async (name, value) => {
    const list = [router("a", "PathPrefix(`/`)"), router("b", `Header(\`${name}\`, \`${value}\`)`, { priority: 99 })];
    const harness = harnessOf(list);
    const exchange = createExchange({
      ...harness.exchangeOf({ headers: { [name]: "spoofed" } }),
      scheme: "http",
      client: { address: "192.0.2.1", trusted: false },
      host: "app.test",
    });
    expect(await (await harness.service("below").handle(exchange)).text()).toBe("b");
  });

  it("have middlewares of their own, and are closed where one cannot be built", async () => {
    const sets = (value: string) => edit(({ headers }) => headers.append("X-By", value));
    const harness = harnessOf(
      [
        router("a", "Path(`/a`)", { middlewares: ["one", "two"] }),
        router("b", "Path(`/b`)", { middlewares: ["gone"] }),
        router("c", "Path(`/c`)", { closedBy: "middleware-not-found" }),
      ],
      { one: sets("1"), two: sets("2") },
    );
    expect((await harness.ask("below", { path: "/a" })).status).toBe(200);
    expect(harness.sent[0]?.exchange.headers.get("X-By")).toBe("1, 2");
    expect((await harness.ask("below", { path: "/b" })).status).toBe(503);
    expect((await harness.ask("below", { path: "/c" })).status).toBe(503);
    expect(harness.sent).toHaveLength(1);
    expect(harness.reports).toMatchObject([{ event: "route-closed", router: "b" }]);
  });

  it("may have routers below them, and say which way a request went", async () => {
    const harness = createHarness({
      services: {
        top: routers(router("mid", "PathPrefix(`/a`)", { service: "below" })),
        below: routers(router("a", "PathPrefix(`/a/b`)")),
        a: balancer("a"),
      },
    });
    const exchange = harness.exchangeOf({ path: "/a/b" });
    const noted: { branch?: string | undefined } = {};
    Object.assign(exchange, { access: noted });
    const answer = harness.service("top").handle(exchange);
    const within = exchange.branch;
    expect((await answer).status).toBe(200);
    expect([within, exchange.branch, noted.branch]).toEqual(["mid -> a", undefined, "mid -> a"]);
    expect((await harness.ask("top", { path: "/a" })).status).toBe(404);
  });

  it("that lead back to themselves are closed", async () => {
    const harness = createHarness({ services: { top: routers(router("a", "Path(`/`)", { service: "top" })) } });
    expect((await harness.ask("top")).status).toBe(503);
  });

  it("count for themselves what a middleware counts, and the one above them for itself", async () => {
    const guards: Exchange["guards"][] = [];
    const harness = createHarness({
      services: {
        top: { type: "filtered", middlewares: ["limit"], service: "below" },
        below: routers(
          router("a", "Path(`/a`)", { middlewares: ["limit"] }),
          router("b", "Path(`/b`)", { middlewares: ["limit"] }),
        ),
        a: balancer("a"),
        b: balancer("b"),
      },
      middlewares: {
        limit: noteGuard(
          "limit",
          byRouter(() => "ann"),
        ),
      },
      send: {
        a: ({ guards: noted }) => {
          guards.push(noted);
          return new Response();
        },
        b: ({ guards: noted }) => {
          guards.push(noted);
          return new Response();
        },
      },
    });
    await harness.ask("top", { path: "/a" });
    await harness.ask("top", { path: "/b" });
    expect(guards.map((list) => list?.map(({ key }) => key))).toEqual([
      ["ann", "a ann"],
      ["ann", "b ann"],
    ]);
  });

  it("need the endpoints of all of them", () => {
    const harness = harnessOf([
      router("a", "Path(`/a`)"),
      router("b", "Path(`/b`)"),
      router("d", "Path(`/d`)", { service: "b" }),
    ]);
    expect(harness.service("below").endpointKeys).toEqual(["a", "b"]);
  });
});

describe("laws", () => {
  const part = fc.constantFrom(
    "Host(`a.test`)",
    "HostRegexp(`^b`)",
    "PathPrefix(`/a`)",
    "PathPrefix(`/a/b`)",
    "Path(`/a`)",
    "Method(`POST`)",
    "Header(`X-A`, `1`)",
    "!Header(`X-A`, `1`)",
    "Query(`q`, `1`)",
  );
  const rule = fc.oneof(
    part,
    fc.tuple(part, fc.constantFrom("&&", "||"), part).map(([one, join, other]) => `(${one} ${join} ${other})`),
  );
  const request = fc.record({
    host: fc.constantFrom("a.test", "b.test", "c.test"),
    path: fc.constantFrom("/", "/a", "/a/b", "/ab", "/c"),
    method: fc.constantFrom("GET", "POST"),
    header: fc.constantFrom("1", "2"),
    query: fc.constantFrom("", "?q=1"),
  });

  it("two levels without middlewares choose as one does with both rules joined", async () => {
    const child = fc.record({ rule, priority: fc.integer({ min: 1, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(
        rule,
        fc.array(child, { minLength: 1, maxLength: 5 }),
        request,
        async (parent, children, asked) => {
          const below = children.map(({ rule: text, priority }, index) =>
            router(`r${index}`, text, { priority, service: `s${index}` }),
          );
          const services = Object.fromEntries(children.map((_, index) => [`s${index}`, balancer(`s${index}`)]));
          const harness = createHarness({ services: { ...services, below: routers(...below) } });
          const exchange = createExchange({
            ...harness.exchangeOf({ method: asked.method, headers: { "X-A": asked.header } }),
            host: asked.host,
            path: asked.path,
            query: asked.query,
          });
          const listener = { entryPoint: "web", tls: false };
          const at = { entryPoints: ["web"], tls: false };
          const top = buildRouteIndex([{ router: { ...router("top", parent), ...at }, value: "below" }]);
          const flat = buildRouteIndex(
            below.map((one) => ({
              router: { ...one, ...at, rule: { type: "and" as const, rules: [ruleOf(parent), one.rule] } },
              value: one.service,
            })),
          );
          const facts = factsOfExchange(exchange);
          const expected = matchRoute([flat], listener, facts);
          const taken = matchRoute([top], listener, facts);
          const answer = taken === undefined ? undefined : await harness.service(taken).handle(exchange);
          expect(answer?.status === 200 ? await answer.text() : undefined).toBe(expected);
        },
      ),
      { numRuns: 400 },
    );
  });
});
