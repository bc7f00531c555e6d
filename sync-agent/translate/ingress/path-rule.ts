import { parseRule, type RuleSyntax } from "../../../src/rule/parse-rule.ts";
import type { Rule } from "../../../src/table/rule.ts";
import { type Place, within } from "../traefik/context.ts";
import type { IngressPath } from "./ingress-schema.ts";

export interface PathRule {
  rule: Rule;
  text: string;
  /** Of a router without a priority of its own. */
  priority: number;
}

export interface PathRuleOptions {
  /** What requests must match besides. */
  match: { rule: Rule; text: string } | undefined;
  /** The matcher of the path type `ImplementationSpecific`. */
  pathMatcher: string;
  /** Where `pathMatcher` comes from, for problems. */
  matcherAt: Place | undefined;
  syntax: RuleSyntax;
  strictPrefixMatching: boolean;
}

/**
 * The rule of one path of an Ingress, with its text as Traefik would write it. Undefined, with the problem
 * reported, when it does not parse.
 *
 * The priority is the text's length, as in Traefik, but for two corrections that Kubernetes demands: an `Exact` path
 * goes before every prefix of it (in Traefik `Path` is a shorter word than `PathPrefix`, so it loses even to `/`),
 * and a host before the wildcard that covers it.
 */
export function buildPathRule(
  { host, path, pathType, rule: { at: ruleAt }, at }: IngressPath,
  options: PathRuleOptions,
): PathRule | undefined {
  const parts: { rule: Rule; text: string }[] = [];
  let correction = 0;
  if (host !== "") {
    const part = parse(call("Host", host), "v3", within(ruleAt, "host"));
    if (part === undefined) return undefined;
    parts.push(part);
    if (part.rule.type === "hostWildcard") correction -= 1;
  }
  if (path !== "") {
    const part = parsePath(path, pathType, options, at);
    if (part === undefined) return undefined;
    parts.push(part);
    if (pathType === "Exact") correction += "PathPrefix".length - "Path".length + 1;
  }
  if (options.match !== undefined) {
    const { rule, text } = options.match;
    parts.push({ rule, text: rule.type === "or" ? `(${text})` : text });
  }
  const [first] = parts;
  if (first === undefined) {
    const text = "PathPrefix(`/`)";
    return { rule: { type: "any" }, text, priority: text.length };
  }
  const text = parts.map((part) => part.text).join(" && ");
  const rule: Rule = parts.length === 1 ? first.rule : { type: "and", rules: parts.map((part) => part.rule) };
  return { rule, text, priority: new TextEncoder().encode(text).length + correction };
}

function parsePath(
  path: string,
  pathType: IngressPath["pathType"],
  { pathMatcher, matcherAt, syntax, strictPrefixMatching }: PathRuleOptions,
  at: Place,
): { rule: Rule; text: string } | undefined {
  const pathAt = within(at, "path");
  if (pathType === "Exact") return parse(call("Path", path), syntax, pathAt);
  const matcher = pathType === "Prefix" ? "PathPrefix" : pathMatcher;
  if (matcher === "PathPrefix" && strictPrefixMatching) {
    const part = parse(call("PathPrefix", path), syntax, pathAt);
    if (part?.rule.type !== "pathPrefix" || path === "/") return part;
    const whole = path.replace(/\/+$/, "");
    const text = `(${call("Path", whole)} || ${call("PathPrefix", `${whole}/`)})`;
    return { rule: { ...part.rule, segments: true }, text };
  }
  const isChosen = matcher !== "PathPrefix" && matcherAt !== undefined;
  return parse(call(matcher, path), syntax, isChosen ? matcherAt : pathAt);
}

function parse(text: string, syntax: RuleSyntax, { path, report }: Place): { rule: Rule; text: string } | undefined {
  const parsed = parseRule(text, syntax);
  const isError = "error" in parsed;
  for (const { code, message, hint } of isError ? [parsed.error] : parsed.warnings) {
    report({ code, severity: isError ? "error" : "warning", path, message, ...(hint === undefined ? {} : { hint }) });
  }
  return isError ? undefined : { rule: parsed.rule, text };
}

const call = (matcher: string, value: string): string =>
  `${matcher}(${value.includes("`") ? JSON.stringify(value) : `\`${value}\``})`;
