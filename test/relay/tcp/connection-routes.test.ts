import fc from "fast-check";
import { expect, it } from "vitest";
import { createConnectionRoutes } from "../../../relay/tcp/connection-routes.ts";
import { compileTcpRule } from "../../../src/rule/compile-tcp-rule.ts";
import { parseTcpRule } from "../../../src/rule/parse-tcp-rule.ts";
import type { TcpRouter } from "../../../src/table/tcp.ts";

function router(ruleText: string, options: Partial<TcpRouter> = {}): TcpRouter {
  const parsed = parseTcpRule(ruleText, "v3");
  if ("error" in parsed) throw new Error(parsed.error.message);
  return {
    name: ruleText,
    entryPoints: ["db"],
    rule: parsed.rule,
    ruleText,
    priority: ruleText === "HostSNI(`*`)" ? -1 : ruleText.length,
    tieBreaker: ruleText,
    middlewares: [],
    service: "db",
    ...options,
  };
}

const tls = { tls: { passthrough: true } };
const client = { clientAddress: "192.0.2.1" };

it("a connection over TLS sees only TLS routers, another only plain ones", () => {
  const routes = createConnectionRoutes(
    [router("HostSNI(`*`)", { name: "plain" }), router("HostSNI(`*`)", { name: "tls", tieBreaker: "b", ...tls })],
    "db",
  );
  expect(routes.matchPlain("192.0.2.1")?.name).toBe("plain");
  expect(routes.matchTls({ ...client, sni: "a", alpn: [] })?.name).toBe("tls");
});

it("a catch-all comes last", () => {
  const routes = createConnectionRoutes(
    [router("HostSNI(`*`)", tls), router("HostSNI(`a`)", tls), router("HostSNI(`a`) && ALPN(`h2`)", tls)],
    "db",
  );
  expect(routes.matchTls({ ...client, sni: "a", alpn: ["h2"] })?.name).toBe("HostSNI(`a`) && ALPN(`h2`)");
  expect(routes.matchTls({ ...client, sni: "a", alpn: [] })?.name).toBe("HostSNI(`a`)");
  expect(routes.matchTls({ ...client, sni: "b", alpn: [] })?.name).toBe("HostSNI(`*`)");
});

it("another entry point's routers are not seen", () => {
  const routes = createConnectionRoutes([router("HostSNI(`a`)", tls)], "web");
  expect(routes).toMatchObject({ hasPlain: false, hasTls: false });
  expect(routes.matchTls({ ...client, sni: "a", alpn: [] })).toBeUndefined();
});

it("the index finds what trying each router in order would", () => {
  const name = fc.constantFrom("a", "b", "x.a", "c");
  const matcher = fc.oneof(
    name.map((text) => `HostSNI(\`${text}\`)`),
    fc.constantFrom("HostSNI(`*`)", "HostSNI(`*.a`)", "ALPN(`h2`)", "!HostSNI(`b`)", "HostSNI(`a`) || HostSNI(`b`)"),
  );
  const rule = fc.oneof(
    matcher,
    fc.tuple(matcher, matcher).map(([a, b]) => `(${a}) && (${b})`),
  );
  const routers = fc.array(fc.tuple(rule, fc.integer({ min: 0, max: 3 })), { maxLength: 12 });
  fc.assert(
    fc.property(routers, name, fc.subarray(["h2", "ftp"]), (specs, sni, alpn) => {
      const all = specs.map(([text, priority], index) =>
        router(text, { ...tls, priority, tieBreaker: `${index}`.padStart(2, "0"), name: `${index}` }),
      );
      const facts = { ...client, sni, alpn };
      const inOrder = all.toSorted((a, b) => b.priority - a.priority || Number(a.name) - Number(b.name));
      const expected = inOrder.find((one) => compileTcpRule(one.rule)(facts));
      expect(createConnectionRoutes(all, "db").matchTls(facts)?.name).toBe(expected?.name);
    }),
  );
});
