import type { Rule } from "../../src/table/rule.ts";
import { sampleRegexp } from "./sample-regexp.ts";

/** A request in the forms in which rules are written; `path` is a routing path. */
export interface ExampleRequest {
  host: string | undefined;
  path: string | undefined;
  method: string | undefined;
  headers: readonly (readonly [name: string, value: string])[];
  query: readonly (readonly [key: string, value: string])[];
}

const MAX_EXAMPLES = 16;
const nothing: ExampleRequest = { host: undefined, path: undefined, method: undefined, headers: [], query: [] };

/**
 * A request that the rule matches, made from its literals.
 *
 * @param matches decides on each try: what a `!` forbids is not looked at here
 * @returns undefined when none of the tries matches
 */
export const exampleRequest = (rule: Rule, matches: (request: ExampleRequest) => boolean): ExampleRequest | undefined =>
  examples(rule).find(matches);

function examples(rule: Rule): ExampleRequest[] {
  switch (rule.type) {
    case "and":
      return rule.rules.reduce<ExampleRequest[]>(
        (known, part) =>
          examples(part)
            .flatMap((more) => known.flatMap((one) => join(one, more) ?? []))
            .slice(0, MAX_EXAMPLES),
        [nothing],
      );
    case "or":
      return rule.rules.flatMap(examples).slice(0, MAX_EXAMPLES);
    case "any":
    case "not":
    case "clientIp":
    case "country":
      return [nothing];
    case "host":
      return [{ ...nothing, host: rule.host }];
    case "hostWildcard":
      return [{ ...nothing, host: `www.${rule.suffix}` }];
    case "hostRegexp":
      return sampled(rule.regexp, (host) => ({ ...nothing, host }));
    case "path":
      return [{ ...nothing, path: rule.path }];
    case "pathPrefix":
      return [rule.path, `${rule.path}/`].map((path) => ({ ...nothing, path }));
    case "pathRegexp":
      return sampled(rule.regexp, (path) => ({ ...nothing, path: path.startsWith("/") ? path : `/${path}` }));
    case "method":
      return [{ ...nothing, method: rule.method }];
    case "header":
      return [{ ...nothing, headers: [[rule.name, rule.value]] }];
    case "headerRegexp":
      return sampled(rule.regexp, (value) => ({ ...nothing, headers: [[rule.name, value]] }));
    case "cookie":
      return [cookieOf(rule.name, rule.value)];
    case "cookieRegexp":
      return sampled(rule.regexp, (value) => cookieOf(rule.name, value));
    case "percent":
      return sharers(rule);
    case "query":
      return [{ ...nothing, query: [[rule.key, rule.value]] }];
    case "queryRegexp":
      return sampled(rule.regexp, (value) => ({ ...nothing, query: [[rule.key, value]] }));
  }
}

const cookieOf = (name: string, value: string): ExampleRequest => ({
  ...nothing,
  headers: [["Cookie", `${name}=${value}`]],
});

/** Some users, one of whom may be in the share. */
function sharers({ header, cookie }: Extract<Rule, { type: "percent" }>): ExampleRequest[] {
  if (header === undefined && cookie === undefined) return [nothing];
  return Array.from({ length: MAX_EXAMPLES }, (_, index) => `user-${index}`).map((user) =>
    header === undefined ? cookieOf(cookie ?? "", user) : { ...nothing, headers: [[header, user]] },
  );
}

function sampled(regexp: string, make: (sample: string) => ExampleRequest): ExampleRequest[] {
  const sample = sampleRegexp(regexp);
  return sample === undefined ? [] : [make(sample)];
}

/** Both at once; of two paths the longer, so that a prefix and a path below it go together. */
function join(a: ExampleRequest, b: ExampleRequest): ExampleRequest | undefined {
  if (a.host !== undefined && b.host !== undefined && a.host !== b.host) return undefined;
  if (a.method !== undefined && b.method !== undefined && a.method !== b.method) return undefined;
  return {
    host: a.host ?? b.host,
    path: (a.path?.length ?? -1) >= (b.path?.length ?? -1) ? a.path : b.path,
    method: a.method ?? b.method,
    headers: [...a.headers, ...b.headers],
    query: [...a.query, ...b.query],
  };
}
