import { isMatchableHeader } from "../../../src/rule/compile-rule.ts";
import { printRule } from "../../../src/rule/print-rule.ts";
import { compileRegexp, RegexpError } from "../../../src/rule/regexp.ts";
import { decodeRoutingPath } from "../../../src/rule/routing-path.ts";
import type { Rule } from "../../../src/table/rule.ts";
import { type Place, within } from "../traefik/context.ts";
import type { MatchSpec } from "./route-schema.ts";

/** A match of a rule, without its host. */
export interface RouteMatch {
  conditions: Rule[];
  /** The path condition as people read it; never absent. */
  pathRule: Rule;
  isExactPath: boolean;
  pathLength: number;
  methodLength?: number;
  hasMethod: boolean;
  headers: number;
  queryParams: number;
  /** What ReplacePrefixMatch replaces: the prefix, if the path is matched by one. */
  prefix: string | undefined;
}

/** Compiles a match (https://gateway-api.sigs.k8s.io/reference/spec/#httproutematch); undefined, with the problem reported, when it cannot be. */
export function readMatch(match: MatchSpec, place: Place): RouteMatch | undefined {
  const path = readPath(match.path ?? { type: "PathPrefix", value: "/" }, within(place, "path", "value"));
  const headers = readValues("headers", match.headers, place);
  const queryParams = readValues("queryParams", match.queryParams, place);
  if (path === undefined || headers === undefined || queryParams === undefined) return undefined;
  const method: Rule[] = match.method === undefined ? [] : [{ type: "method", method: match.method }];
  const { rule } = path;
  const isEverything = rule.type === "pathPrefix" && rule.path === "/";
  return {
    conditions: [...(isEverything ? [] : [rule]), ...method, ...headers, ...queryParams],
    pathRule: rule,
    isExactPath: rule.type === "path",
    pathLength: path.length,
    hasMethod: method.length > 0,
    headers: headers.length,
    queryParams: queryParams.length,
    prefix: rule.type === "pathPrefix" ? rule.path : undefined,
  };
}

/** What no request's path holds once it is cleaned, and an API server refuses. */
const NEVER = /\/\/|\/\.{1,2}(?:\/|$)|%2f|#/i;

function readPath(
  { type, value }: NonNullable<MatchSpec["path"]>,
  place: Place,
): { rule: Rule; length: number } | undefined {
  if (type === "RegularExpression") {
    return checkRegexp(value, place)
      ? { rule: { type: "pathRegexp", regexp: value }, length: value.length }
      : undefined;
  }
  if (!value.startsWith("/") || NEVER.test(value)) {
    place.report({
      code: "invalid-field",
      severity: "error",
      path: place.path,
      message: `\`${value.slice(0, 100)}\` is not a path that a request can have`,
      hint: value.startsWith("/")
        ? "Leave out `//`, `/./`, `/../`, `%2F` and `#`"
        : `Write \`/${value.slice(0, 100)}\``,
    });
    return undefined;
  }
  const path = decodeRoutingPath(value);
  if (type === "Exact") return { rule: { type: "path", path }, length: path.length };
  const prefix = path.replace(/\/+$/, "") || "/";
  return { rule: { type: "pathPrefix", path: prefix, segments: true }, length: prefix.length };
}

/** Of several conditions on one name the first counts. */
export function readValues(
  field: "headers" | "queryParams",
  list: MatchSpec["headers"],
  place: Place,
): Rule[] | undefined {
  const rules = new Map<string, Rule>();
  for (const [index, { type, name, value }] of list.entries()) {
    const at = within(place, field, index);
    const isRegexp = type === "RegularExpression";
    if (isRegexp && !checkRegexp(value, within(at, "value"))) return undefined;
    if (field === "headers" && !isMatchableHeader(name)) {
      const message = `No request has a header \`${name.slice(0, 100)}\` that rules can see`;
      const hint = name.toLowerCase() === "host" ? "Hosts belong to `spec.hostnames`" : "Correct the header's name";
      at.report({ code: "invalid-field", severity: "error", path: [...at.path, "name"], message, hint });
      return undefined;
    }
    const key = field === "headers" ? name.toLowerCase() : name;
    if (rules.has(key)) {
      const message = `An earlier condition on \`${name}\` goes before this one, which has no effect`;
      at.report({ code: "invalid-field", severity: "warning", path: at.path, message });
    } else if (field === "headers") {
      rules.set(key, isRegexp ? { type: "headerRegexp", name, regexp: value } : { type: "header", name, value });
    } else {
      rules.set(key, isRegexp ? { type: "queryRegexp", key, regexp: value } : { type: "query", key, value });
    }
  }
  return [...rules.values()];
}

export function checkRegexp(pattern: string, { path, report }: Place): boolean {
  try {
    compileRegexp(pattern);
    return true;
  } catch (error) {
    if (!(error instanceof RegexpError)) throw error;
    const message = `\`${pattern.slice(0, 100)}\` is not a regular expression of RE2: ${error.message}`;
    report({ code: "rule-regexp", severity: "error", path, message });
    return false;
  }
}

/** The whole rule of a match on a host; `except` are hosts that others have. */
export function joinRule(
  { conditions, pathRule }: RouteMatch,
  host: string,
  except: readonly string[],
): { rule: Rule; text: string } {
  const hosts = [
    ...(host === "" ? [] : [hostRule(host)]),
    ...except.map((other): Rule => ({ type: "not", rule: hostRule(other) })),
  ];
  const rules = [...hosts, ...conditions];
  const [only] = rules;
  const shown = conditions.includes(pathRule) ? rules : [...hosts, pathRule, ...conditions];
  return {
    rule: only === undefined ? { type: "any" } : rules.length === 1 ? only : { type: "and", rules },
    text: shown.map(printCondition).join(" && "),
  };
}

const hostRule = (host: string): Rule =>
  host.startsWith("*.") ? { type: "hostWildcard", suffix: host.slice(2), deep: true } : { type: "host", host };

/** In the nearest words of Traefik's rules, for people: those know neither deep wildcards nor whole path elements. */
function printCondition(rule: Rule): string {
  if (rule.type === "not") return `!${printCondition(rule.rule)}`;
  const plain: Rule =
    rule.type === "hostWildcard"
      ? { type: "hostWildcard", suffix: rule.suffix }
      : rule.type === "pathPrefix"
        ? { type: "pathPrefix", path: rule.path }
        : rule;
  return printRule(plain) ?? JSON.stringify(plain);
}
