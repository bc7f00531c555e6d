import type { TcpMatcher } from "../table/tcp-rule.ts";
import { withoutTrailingDot } from "./canonical-host.ts";
import { shorten } from "./explain-token.ts";
import { templateToRegexp } from "./gorilla-template.ts";
import { anyOf, type MatcherArgument, type MatcherTable, unary } from "./matcher.ts";
import { readClientIp, readRegexp, requireAscii } from "./matcher-arguments.ts";
import type { RuleSyntax } from "./parse-rule.ts";
import { createRuleLanguage, type ParsedRuleTree, parseRuleText } from "./parse-rule-text.ts";
import { syntaxError } from "./rule-problem.ts";

export type ParsedTcpRule = ParsedRuleTree<TcpMatcher>;

const foreignNames: Record<string, string> = Object.fromEntries(
  ["Host", "HostRegexp", "Path", "PathPrefix", "PathRegexp", "Method", "Header", "Headers", "Query"].map((name) => [
    name,
    `${name} is a matcher of HTTP rules: ${name.startsWith("Host") ? `use ${name.replace("Host", "HostSNI")} here` : "a TCP rule sees no request"}, or an IngressRoute`,
  ]),
);

/** https://doc.traefik.io/traefik/reference/routing-configuration/tcp/routing/rules-and-priority/ */
const v3: MatcherTable<TcpMatcher> = {
  matchers: {
    HostSNI: unary<TcpMatcher>("HostSNI(`db.example.com`)", buildHostSni),
    HostSNIRegexp: unary<TcpMatcher>("HostSNIRegexp(`^.+\\.example\\.com$`)", (arg) => {
      requireAscii(arg);
      return { type: "sniRegexp", regexp: readRegexp(arg) };
    }),
    ClientIP: unary<TcpMatcher>("ClientIP(`10.0.0.0/8`)", readClientIp),
    ALPN: unary<TcpMatcher>("ALPN(`h2`)", buildAlpn),
  },
  foreignNames,
};

/** https://doc.traefik.io/traefik/v2.11/routing/routers/#rule_1: several arguments are alternatives. */
const v2: MatcherTable<TcpMatcher> = {
  matchers: {
    HostSNI: anyOf<TcpMatcher>("HostSNI(`db.example.com`, …)", buildHostSni),
    HostSNIRegexp: anyOf<TcpMatcher>("HostSNIRegexp(`{subdomain:[a-z]+}.example.com`, …)", (arg) => {
      requireAscii(arg);
      const options = { start: "(?i)^", end: "$", variable: "[^.]+", literal: (text: string) => text };
      return { type: "sniRegexp", regexp: templateToRegexp(arg, options) };
    }),
    ClientIP: anyOf<TcpMatcher>("ClientIP(`10.0.0.0/8`, …)", readClientIp),
    ALPN: anyOf<TcpMatcher>("ALPN(`h2`, …)", buildAlpn),
  },
  foreignNames,
};

const example = "HostSNI(`db.example.com`)";
const languages = { v3: createRuleLanguage(v3, example), v2: createRuleLanguage(v2, example) };

/** Parses the text of a TCP rule (`parseRuleText`). */
export const parseTcpRule = (text: string, syntax: RuleSyntax): ParsedTcpRule => parseRuleText(text, languages[syntax]);

const SNI = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

function buildHostSni(arg: MatcherArgument): TcpMatcher {
  if (arg.value === "*") return { type: "any" };
  requireAscii(arg);
  const name = withoutTrailingDot(arg.value.trim().toLowerCase());
  const isWildcard = name.startsWith("*.");
  const exact = isWildcard ? name.slice(2) : name;
  if (!SNI.test(exact)) {
    const hint = /:\d+$/.test(exact) ? "Leave the port out" : "Write db.example.com, *.example.com or *";
    throw syntaxError(arg, `${shorten(arg.value)} is no name that a TLS client can ask for`, hint);
  }
  return isWildcard ? { type: "sniWildcard", suffix: exact } : { type: "sni", name: exact };
}

/** The protocol by which certificates are proven is Traefik's own, never a route's (RFC 8737). */
function buildAlpn(arg: MatcherArgument): TcpMatcher {
  if (arg.value === "acme-tls/1") {
    throw syntaxError(arg, "acme-tls/1 is not for routes", "Leave it out: certificates come from Secrets");
  }
  if (new TextEncoder().encode(arg.value).length > 255)
    throw syntaxError(arg, "A protocol's name has 255 bytes at most");
  return { type: "alpn", protocol: arg.value };
}
