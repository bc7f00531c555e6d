import type { Matcher } from "../../src/router/compare-matchers.ts";
import { printRule } from "../../src/rule/print-rule.ts";

/** A matcher as rules write it; those of Gateway API, which rules cannot write, with what is different about them. */
export function describeMatcher(matcher: Matcher): string {
  const text = printRule(matcher);
  if (text !== undefined) return text;
  if (matcher.type === "hostWildcard") return `Host(\`*.${matcher.suffix}\`), at any depth`;
  if (matcher.type === "pathPrefix") return `PathPrefix(\`${matcher.path}\`), in whole elements`;
  const { type, ...values } = matcher;
  return `${type} ${Object.values(values).join(" ")}`;
}

/** What the request has where a matcher looks. */
export function describeValue(matcher: Matcher, value: string | null): string {
  switch (matcher.type) {
    case "any":
      return "takes every request";
    case "host":
    case "hostWildcard":
    case "hostRegexp":
      return value === null ? "the request has no host" : `the host is ${value}`;
    case "path":
    case "pathPrefix":
    case "pathRegexp":
      return `the path is ${value}`;
    case "method":
      return `the method is ${value}`;
    case "header":
    case "headerRegexp":
      return value === null ? `there is no header ${matcher.name}` : `${matcher.name} is ${value}`;
    case "query":
    case "queryRegexp":
      return value === null ? `there is no ${matcher.key} in the query` : `${matcher.key} is ${value}`;
    case "clientIp":
      return `the client is ${value}`;
    case "cookie":
    case "cookieRegexp":
      return value === null ? `there is no cookie ${matcher.name}` : `the cookie ${matcher.name} is ${value}`;
    case "country":
      return value === null ? "the country is not known" : `the country is ${value}`;
    case "percent":
      return value === null ? describeStranger(matcher) : `the client stands at ${value} % of all`;
  }
}

const describeStranger = ({ header, cookie }: Extract<Matcher, { type: "percent" }>): string =>
  header === undefined ? `there is no cookie ${cookie}` : `there is no header ${header}`;
