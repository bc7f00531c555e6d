import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { closeUnread, type UnreadPart } from "../../src/table/close-unread.ts";
import { middlewareSchema } from "../../src/table/middleware.ts";
import { type Rule, ruleSchema } from "../../src/table/rule.ts";
import { tableSchema } from "../../src/table/table.ts";
import { widenRule } from "../../src/table/widen-rule.ts";
import { anyFacts, anyRule } from "../rule/arbitrary-rule.ts";

const placed = { name: "a", entryPoints: ["web"], priority: 7, tieBreaker: "t" };
const host = { type: "host", host: "a.example" };
const router = { ...placed, tls: true, rule: host, ruleText: "", middlewares: ["auth"], service: "s" };
const tcpRouter = { ...placed, rule: { type: "any" }, ruleText: "", middlewares: ["m"], service: "s" };

const closedBy = "newer-table";
const ready = { address: "10.0.0.1", port: 80, state: "ready" };
const zoned = { ...ready, zone: "a" };
const vip = { address: "10.96.0.1", port: 80 };

const closings: [UnreadPart, object, object][] = [
  ["routers", { ...router, guards: ["new"] }, { ...router, middlewares: [], closedBy: "newer-table" }],
  ["tcpRouters", { ...tcpRouter, guards: [] }, { ...tcpRouter, middlewares: [], closedBy: "newer-table" }],
  [
    "tcpRouters",
    { ...tcpRouter, tls: { passthrough: true, ech: "on" } },
    { ...tcpRouter, middlewares: [], closedBy: "newer-table", tls: { passthrough: false } },
  ],
  [
    "udpRouters",
    { name: "a", entryPoints: ["dns"], tieBreaker: "t", service: "s", allow: ["10.0.0.0/8"] },
    { name: "a", entryPoints: ["dns"], tieBreaker: "t", service: "" },
  ],
  ["services", { type: "hedged", services: ["a"] }, { type: "status", status: 503 }],
  ["services", { type: "filtered", middlewares: [], service: "a", only: "new" }, { type: "status", status: 503 }],
  ["tcpServices", { type: "mirroring" }, { type: "weighted", children: [] }],
  ["udpServices", { type: "loadBalancer", endpoints: "e", key: "new" }, { type: "weighted", children: [] }],
  ["tcpMiddlewares", { type: "rateLimit" }, { type: "ipAllowList", sourceRange: [] }],
  [
    "middlewares",
    { type: "ipAllowList", sourceRange: ["0.0.0.0/0"], rejectStatusCode: 403, except: ["192.0.2.1"] },
    { type: "ipAllowList", sourceRange: [], rejectStatusCode: 503 },
  ],
  ["entryPoints", { port: 443, clientAuth: { mode: "new" } }, { port: 443, closedBy }],
  ["entryPoints", { port: "https" }, { port: 0, closedBy }],
  // No other endpoint could stand in for a pod that is reached in a way that is not known.
  ["endpoints", { endpoints: [ready, zoned] }, { endpoints: [ready] }],
  ["endpoints", { endpoints: [{ ...ready, state: "draining" }], clusterIp: vip }, { endpoints: [] }],
  ["endpoints", { endpoints: [ready], only: ["a"], clusterIp: vip }, { endpoints: [] }],
  ["relayEndpoints", { endpoints: [ready], clusterIp: { ...vip, tls: true } }, { endpoints: [ready] }],
  ["relayEndpoints", { slices: ["a"] }, { endpoints: [] }],
  ["serversTransports", { spiffe: { ids: ["spiffe://a/b"], path: "/b/*" } }, { closedBy }],
  ["serversTransports", { minTlsVersion: "TLSv1.4" }, { closedBy }],
  [
    "relayEntryPoints",
    { protocol: "udp", host: "10.0.0.1", port: 53, allow: ["10.0.0.0/8"] },
    { protocol: "udp", host: "10.0.0.1", port: 53, closedBy },
  ],
  ["relayEntryPoints", { protocol: "quic", host: "", port: 443 }, { protocol: "tcp", host: "", port: 443, closedBy }],
  ["tlsOptions", { clientAuth: { mode: "requireAndVerify", authorities: [], crls: ["x"] } }, { closedBy }],
  ["certificates", { certificate: "PEM", key: "PEM", entryPoints: ["a"] }, { certificate: "PEM", key: "", closedBy }],
  [
    "certificates",
    { certificate: "PEM", isDefault: ["a"] },
    { certificate: "PEM", key: "", isDefault: true, closedBy },
  ],
];

describe("an entry with something unknown", () => {
  it("is closed by itself in every part of a table", () => {
    expect([...new Set(closings.map(([part]) => part))].toSorted()).toEqual(Object.keys(tableSchema.shape).toSorted());
  });

  it.each(closings)("of %s refuses", (part, value, closed) => {
    const { entries, unread } = closeUnread(part, { a: value });
    expect(entries).toEqual({ a: closed });
    expect(unread).toMatchObject([{ part, name: "a", value }]);
    const schema = tableSchema.shape[part];
    const readable = "element" in schema.def ? [closed] : { a: closed };
    expect(schema.parse(readable)).toEqual(readable);
  });

  it("stands among others, which stay as they are, in a list as in a record", () => {
    const other = { ...router, name: "b" };
    const { entries, unread } = closeUnread("routers", [other, { ...router, guards: ["new"] }]);
    expect(entries).toEqual([other, { ...router, middlewares: [], closedBy: "newer-table" }]);
    expect(unread).toMatchObject([{ name: "a", reason: "the unknown field guards at its start" }]);
  });

  it("of middlewares closes what is behind it", () => {
    const { entries } = closeUnread("middlewares", { a: { type: "captcha" } });
    const middleware = buildMiddlewares({ a: middlewareSchema.parse((entries as { a: unknown }).a) }, () =>
      expect.unreachable(),
    );
    expect(() => middleware("a")).toThrow();
  });

  it.each<[string, UnreadPart, unknown]>([
    ["a router without a name", "routers", { ...router, name: 1 }],
    ["a router that nothing known bounds", "routers", { ...router, rule: { type: "asn", number: 1 } }],
    ["a router of unknown order", "tcpRouters", { ...tcpRouter, priority: "high", guards: [] }],
    ["what is no object", "udpRouters", "a"],
    ["a certificate that tells no names", "certificates", { secret: "tls" }],
  ])("is left to the schema when it cannot be closed: %s", (_, part, value) => {
    expect(closeUnread(part, { a: value })).toEqual({ entries: { a: value }, unread: [] });
  });
});

describe("a rule with something unknown", () => {
  const unknown = { type: "asn", number: 64_496 };
  it.each<[string, unknown, Rule | undefined]>([
    ["a matcher beside others", { type: "and", rules: [host, unknown] }, { type: "and", rules: [host] as Rule[] }],
    ["an alternative", { type: "or", rules: [host, unknown] }, undefined],
    [
      "a matcher that is negated",
      { type: "and", rules: [host, { type: "not", rule: unknown }] },
      { type: "and", rules: [host] as Rule[] },
    ],
    ["a field of a matcher", { type: "and", rules: [{ ...host, port: 1 }] }, undefined],
    ["a field of an operator", { type: "or", rules: [host], atLeast: 0 }, undefined],
  ])("keeps what bounds it: %s", (_, rule, widened) => {
    expect(widenRule(ruleSchema, rule)).toEqual(widened);
  });

  it("matches what the whole rule matches", () => {
    const spoilt = (rule: Rule, isSpoilt: () => boolean): unknown => {
      if (isSpoilt()) return { ...rule, future: 1 };
      if (rule.type === "not") return { ...rule, rule: spoilt(rule.rule, isSpoilt) };
      if (rule.type !== "and" && rule.type !== "or") return rule;
      return { ...rule, rules: rule.rules.map((child) => spoilt(child, isSpoilt)) };
    };
    fc.assert(
      fc.property(anyRule, fc.infiniteStream(fc.nat(3)), anyFacts, (rule, choices, facts) => {
        const widened = widenRule(
          ruleSchema,
          spoilt(rule, () => choices.next().value === 0),
        );
        if (widened !== undefined && compileRule(rule)(facts)) expect(compileRule(widened)(facts)).toBe(true);
      }),
    );
  });
});
