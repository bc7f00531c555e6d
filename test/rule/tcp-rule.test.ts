import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConnectionFacts, compileTcpRule } from "../../src/rule/compile-tcp-rule.ts";
import type { RuleSyntax } from "../../src/rule/parse-rule.ts";
import { parseTcpRule } from "../../src/rule/parse-tcp-rule.ts";
import { type TcpRule, tcpRuleSchema } from "../../src/table/tcp-rule.ts";

function read(text: string, syntax: RuleSyntax = "v3"): TcpRule {
  const parsed = parseTcpRule(text, syntax);
  if ("error" in parsed) throw new Error(parsed.error.message);
  return parsed.rule;
}

const plain: ConnectionFacts = { sni: "", alpn: [], clientAddress: "192.0.2.1" };
const named = (sni: string, alpn: string[] = []): ConnectionFacts => ({ ...plain, sni, alpn });
const matches = (text: string, facts: ConnectionFacts, syntax?: RuleSyntax): boolean =>
  compileTcpRule(read(text, syntax))(facts);

describe("what matches", () => {
  it.each<[string, ConnectionFacts]>([
    ["HostSNI(`*`)", plain],
    ["HostSNI(`*`)", named("db.example.com")],
    ["HostSNI(`db.example.com`)", named("db.example.com")],
    ["HostSNI(`DB.Example.com.`)", named("db.example.com")],
    ["hostsni(`db.example.com`)", named("db.example.com")],
    ["HostSNI(`*.example.com`)", named("db.example.com")],
    ["HostSNIRegexp(`^db-[0-9]+\\.example\\.com$`)", named("db-7.example.com")],
    ["HostSNI(`*`) && ClientIP(`192.0.2.0/24`)", plain],
    ["HostSNI(`*`) && !ClientIP(`198.51.100.0/24`)", plain],
    ["ALPN(`h2`) || ALPN(`postgresql`)", named("a", ["http/1.1", "postgresql"])],
    ["HostSNI(`a`) && !ALPN(`h2`)", named("a", ["http/1.1"])],
  ])("%s takes %o", (text, facts) => {
    expect(matches(text, facts)).toBe(true);
  });

  it.each<[string, ConnectionFacts]>([
    ["HostSNI(`db.example.com`)", plain],
    ["HostSNI(`db.example.com`)", named("example.com")],
    ["HostSNI(`*.example.com`)", named("example.com")],
    ["HostSNI(`*.example.com`)", named("a.b.example.com")],
    ["HostSNI(`*.example.com`)", named("aexample.com")],
    ["ClientIP(`198.51.100.0/24`)", plain],
    ["ALPN(`h2`)", named("a", ["H2"])],
    ["HostSNI(`a`) && ALPN(`h2`)", named("a")],
  ])("%s does not take %o", (text, facts) => {
    expect(matches(text, facts)).toBe(false);
  });

  it("of version 2 may be any of several", () => {
    const text = "HostSNI(`a.example.com`, `b.example.com`)";
    expect(matches(text, named("b.example.com"), "v2")).toBe(true);
    expect(matches(text, named("c.example.com"), "v2")).toBe(false);
    expect(matches("HostSNIRegexp(`{sub:[a-z]+}.example.com`)", named("ABC.example.com"), "v2")).toBe(true);
  });

  it("by a deep wildcard may have any number of labels more", () => {
    const deep = compileTcpRule({ type: "sniWildcard", suffix: "example.com", deep: true });
    expect(deep(named("a.b.example.com"))).toBe(true);
    expect(deep(named("example.com"))).toBe(false);
  });
});

describe("what is refused", () => {
  it.each([
    ["Host(`a.example.com`)", "Host", "HostSNI"],
    ["PathPrefix(`/a`)", "PathPrefix", "IngressRoute"],
    ["HostSNI(`a`, `b`)", "takes 1 argument", "HostSNI(`a`) || HostSNI(`b`)"],
    ["HostSNI(`db.example.com:443`)", "db.example.com:443", "port"],
    ["HostSNI(`a.*.example.com`)", "a.*.example.com", "*.example.com"],
    ["HostSNI(`bücher.example`)", "ASCII", "xn--"],
    ["HostSNIRegexp(`(?=a)`)", "RE2", "look-around"],
    ["ClientIP(`10.0.0.300`)", "10.0.0.300", "10.0.0.1"],
    ["ALPN(`acme-tls/1`)", "acme-tls/1", "Secrets"],
    ["", "empty", "HostSNI"],
  ])("%s: %s", (text, message, hint) => {
    const parsed = parseTcpRule(text, "v3");
    expect(parsed).toMatchObject({
      error: { message: expect.stringContaining(message), hint: expect.stringContaining(hint) },
    });
  });
});

it("a parsed rule is of the table's form, whatever was written", () => {
  const name = fc.stringMatching(/^[a-z0-9]{1,5}(\.[a-z0-9]{1,5}){0,2}$/);
  const matcher = fc.oneof(
    name.map((text) => `HostSNI(\`${text}\`)`),
    name.map((text) => `HostSNI(\`*.${text}\`)`),
    fc.constantFrom("HostSNI(`*`)", "ALPN(`h2`)", "ClientIP(`10.0.0.0/8`)"),
  );
  const rule = fc.letrec<{ rule: string }>((tie) => ({
    rule: fc.oneof(
      { depthSize: "small" },
      matcher,
      fc
        .tuple(tie("rule"), fc.constantFrom("&&", "||"), tie("rule"))
        .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      tie("rule").map((one) => `!${one}`),
    ),
  })).rule;
  fc.assert(
    fc.property(rule, name, (text, sni) => {
      const tree = read(text);
      expect(tcpRuleSchema.parse(tree)).toEqual(tree);
      expect(matches(`!(${text})`, named(sni))).toBe(!matches(text, named(sni)));
    }),
  );
});
