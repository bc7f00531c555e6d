import { describe, expect, it } from "vitest";
import { createHttpCompanion } from "../../cli/dev/http-companion.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import type { Router } from "../../src/table/router.ts";
import type { Service } from "../../src/table/service.ts";
import { router as tcpRouter } from "../relay/tcp/tcp-harness.ts";

function httpRouter(ruleText: string, change: Partial<Router> = {}): Router {
  const parsed = parseRule(ruleText, "v3");
  if ("error" in parsed) throw new Error(parsed.error.message);
  return {
    name: ruleText,
    entryPoints: ["websecure"],
    tls: true,
    rule: parsed.rule,
    ruleText,
    priority: 1,
    tieBreaker: ruleText,
    middlewares: [],
    service: "app",
    ...change,
  };
}

/** A route below one: of `a.test` alone. */
const services: Record<string, Service> = { below: { type: "routers", routers: [httpRouter("Host(`a.test`)")] } };

const claims = (routers: Router[], sni: string, rule: string, takesTls = true): boolean =>
  createHttpCompanion({
    entryPoint: "websecure",
    takesTls,
    table: () => ({ routers, services }),
    take: () => {},
  }).claims({ sni, alpn: [] }, tcpRouter(rule, "db", { tls: { passthrough: true } }));

describe("over TLS, HTTP has a name before TCP has", () => {
  it.each([
    ["its own", [httpRouter("Host(`a.test`) && Path(`/x`)")], "a.test", "HostSNI(`a.test`)", true],
    ["one below its wildcard", [httpRouter("Host(`*.test`)")], "b.test", "HostSNI(`b.test`)", true],
    [
      "one of a route below it",
      [httpRouter("PathPrefix(`/`)", { service: "below" })],
      "a.test",
      "HostSNI(`a.test`)",
      true,
    ],
    ["none beside it", [httpRouter("PathPrefix(`/`)", { service: "below" })], "b.test", "HostSNI(`b.test`)", false],
    ["any where TCP has any", [httpRouter("PathPrefix(`/`)")], "c.test", "HostSNI(`*`)", true],
    ["none where TCP names it", [httpRouter("PathPrefix(`/`)")], "c.test", "HostSNI(`c.test`)", false],
    ["none of another", [httpRouter("Host(`a.test`)")], "c.test", "HostSNI(`*`)", false],
    ["none without TLS", [httpRouter("Host(`a.test`)", { tls: false })], "a.test", "HostSNI(`*`)", false],
    [
      "none of another entry point",
      [httpRouter("Host(`a.test`)", { entryPoints: ["web"] })],
      "a.test",
      "HostSNI(`*`)",
      false,
    ],
    ["none when the client names none", [httpRouter("Host(`a.test`)")], "", "HostSNI(`*`)", false],
  ])("%s", (_, routers, sni, rule, expected) => {
    expect(claims(routers, sni, rule)).toBe(expected);
  });

  it("but not where it speaks no TLS", () => {
    expect(claims([httpRouter("Host(`a.test`)")], "a.test", "HostSNI(`*`)", false)).toBe(false);
  });
});
