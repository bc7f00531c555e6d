import type { TcpRule } from "../table/tcp-rule.ts";
import { compileAddressBlock } from "./client-address.ts";
import { compileRegexp } from "./regexp.ts";

/** What a connection can be matched by. */
export interface ConnectionFacts {
  /** Lowercased and without a trailing dot; empty when it is not TLS, or the client named none. */
  sni: string;
  /** The protocols that the client offers (RFC 7301), none when it is not TLS. */
  alpn: readonly string[];
  clientAddress: string;
}

export type MatchesConnection = (facts: ConnectionFacts) => boolean;

/** Makes a TCP rule a test of connections. Throws `RegexpError`, which a parsed rule never makes it do. */
export function compileTcpRule(rule: TcpRule): MatchesConnection {
  switch (rule.type) {
    case "and": {
      const tests = rule.rules.map(compileTcpRule);
      return (facts) => tests.every((matches) => matches(facts));
    }
    case "or": {
      const tests = rule.rules.map(compileTcpRule);
      return (facts) => tests.some((matches) => matches(facts));
    }
    case "not": {
      const matches = compileTcpRule(rule.rule);
      return (facts) => !matches(facts);
    }
    case "any":
      return () => true;
    case "sni":
      return ({ sni }) => sni === rule.name;
    case "sniWildcard": {
      const end = `.${rule.suffix}`;
      return ({ sni }) => {
        const labels = sni.length - end.length;
        return labels > 0 && sni.endsWith(end) && (rule.deep === true || sni.indexOf(".") === labels);
      };
    }
    case "sniRegexp": {
      const regexp = compileRegexp(rule.regexp);
      return ({ sni }) => regexp.test(sni);
    }
    case "clientIp": {
      const contains = compileAddressBlock(rule.cidr);
      return contains === undefined ? () => false : ({ clientAddress }) => contains(clientAddress);
    }
    case "alpn":
      return ({ alpn }) => alpn.includes(rule.protocol);
  }
}
