import { withoutTrailingDot } from "../rule/canonical-host.ts";
import { compileRule } from "../rule/compile-rule.ts";
import type { RequestFacts } from "../rule/request-facts.ts";
import { withoutTrailingSlashes } from "../rule/routing-path.ts";
import type { Rule } from "../table/rule.ts";

/** A rule without rules in it. */
export type Matcher = Exclude<Rule, { type: "and" | "or" | "not" }>;

type Subject = "host" | "path" | "method" | "header" | "query" | "client" | "cookie" | "country" | "share";

const subjects: { readonly [T in Matcher["type"]]: Subject | undefined } = {
  any: undefined,
  host: "host",
  hostWildcard: "host",
  hostRegexp: "host",
  path: "path",
  pathPrefix: "path",
  pathRegexp: "path",
  method: "method",
  header: "header",
  headerRegexp: "header",
  query: "query",
  queryRegexp: "query",
  clientIp: "client",
  cookie: "cookie",
  cookieRegexp: "cookie",
  country: "country",
  percent: "share",
};

/**
 * Whether every request that `a` matches is known to be matched by `b`. False where it cannot be told: regular
 * expressions and address blocks are compared with single values only. Paths begin with `/`.
 */
export function matcherImplies(a: Matcher, b: Matcher): boolean {
  if (isAlways(b)) return true;
  if (subjects[a.type] !== subjects[b.type]) return false;
  const values = valuesOf(a);
  if (values !== undefined) return isSameKey(a, b) && values.every(compileRule(b));
  if (a.type === "hostWildcard" && b.type === "hostWildcard") return wildcardImplies(a, b);
  if (a.type === "pathPrefix" && b.type === "pathPrefix") return prefixImplies(a, b);
  if (a.type === "percent" && b.type === "percent") {
    return isSame({ ...a, percent: 0 }, { ...b, percent: 0 }) && a.percent <= b.percent;
  }
  return isSame(a, b);
}

/** What a request has one of; it may have many headers of one name and many values of one key. */
const single: ReadonlySet<Subject> = new Set(["host", "path", "method", "client", "country"]);

/** Whether no request is matched by both. False where it cannot be told. */
export function matchersExclude(a: Matcher, b: Matcher): boolean {
  const subject = subjects[a.type];
  if (subject !== subjects[b.type] || subject === undefined || !single.has(subject)) return false;
  const [ofA, ofB] = [valuesOf(a), valuesOf(b)];
  if (ofA !== undefined) return !ofA.some(compileRule(b));
  if (ofB !== undefined) return !ofB.some(compileRule(a));
  if (a.type === "hostWildcard" && b.type === "hostWildcard") {
    const [left, right] = [endOf(a.suffix), endOf(b.suffix)];
    return !left.endsWith(right) && !right.endsWith(left);
  }
  if (a.type === "pathPrefix" && b.type === "pathPrefix") {
    const [left, right] = [beginningOf(a), beginningOf(b)];
    return !left.startsWith(right) && !right.startsWith(left);
  }
  return false;
}

/** Whether every request is matched: each has a path, and each path begins with `/`. */
export const isAlways = (matcher: Matcher): boolean =>
  matcher.type === "any" ||
  (matcher.type === "pathPrefix" && (matcher.segments ? beginningOf(matcher) === "" : matcher.path === "/"));

const nothing: RequestFacts = {
  host: "",
  path: "/",
  method: "",
  clientAddress: "",
  country: () => "",
  header: () => null,
  query: () => [],
};

/** Requests that stand for all that the matcher can match, as far as its subject goes; undefined for too many. */
function valuesOf(matcher: Matcher): RequestFacts[] | undefined {
  switch (matcher.type) {
    case "host": {
      const host = withoutTrailingDot(matcher.host);
      return host === "" ? undefined : [host, `${host}.`].map((host) => ({ ...nothing, host }));
    }
    case "path":
      return [{ ...nothing, path: matcher.path }];
    case "method":
      return [{ ...nothing, method: matcher.method }];
    case "query":
      return [{ ...nothing, query: () => [matcher.value] }];
    case "header":
      // Its value is the whole header or a part of it, and the part is what the other matcher sees too.
      return [{ ...nothing, header: () => matcher.value }];
    case "cookie":
      return /[;,"]|^\s|\s$/.test(matcher.value)
        ? undefined
        : [{ ...nothing, header: () => `${matcher.name}=${matcher.value}` }];
    case "country":
      return [{ ...nothing, country: () => matcher.country }];
    case "clientIp":
      return matcher.cidr.includes("/") ? undefined : [{ ...nothing, clientAddress: matcher.cidr }];
    default:
      return undefined;
  }
}

/** Whether two matchers look at the same header or query key; those of other subjects always do. */
function isSameKey(a: Matcher, b: Matcher): boolean {
  // Unlike those of headers, the names of cookies tell capital letters apart.
  if (subjects[a.type] === "cookie") return "name" in a && "name" in b && a.name === b.name;
  if ("name" in a && "name" in b) return a.name.toLowerCase() === b.name.toLowerCase();
  return !("key" in a && "key" in b) || a.key === b.key;
}

type HostWildcard = Extract<Rule, { type: "hostWildcard" }>;
type PathPrefix = Extract<Rule, { type: "pathPrefix" }>;

function wildcardImplies(a: HostWildcard, b: HostWildcard): boolean {
  const [left, right] = [endOf(a.suffix), endOf(b.suffix)];
  return b.deep ? left.endsWith(right) : left === right && !a.deep;
}

function prefixImplies(a: PathPrefix, b: PathPrefix): boolean {
  const [left, right] = [beginningOf(a), beginningOf(b)];
  if (!b.segments) return left.startsWith(right);
  return left.startsWith(`${right}/`) || (a.segments === true && left === right);
}

const endOf = (suffix: string): string => `.${withoutTrailingDot(suffix)}`;

/** What every path of the prefix begins with. */
const beginningOf = ({ path, segments }: PathPrefix): string => (segments ? withoutTrailingSlashes(path) : path);

const isSame = (a: Matcher, b: Matcher): boolean =>
  a.type === b.type && isSameKey(a, b) && patternOf(a) === patternOf(b);

const patternOf = (matcher: Matcher): string =>
  "regexp" in matcher ? matcher.regexp : "cidr" in matcher ? matcher.cidr : JSON.stringify(matcher);
