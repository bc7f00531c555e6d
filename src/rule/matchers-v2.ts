import type { HttpMatcher, Rule } from "../table/rule.ts";
import { shorten } from "./explain-token.ts";
import { templateToRegexp } from "./gorilla-template.ts";
import { anyOf, combine, foreignToHttp, type Matcher, type MatcherArgument, type MatcherTable } from "./matcher.ts";
import { readClientIp, readHeaderName, readHost, readPath, readRegexp, requireAscii } from "./matcher-arguments.ts";
import { decodeRoutingPath } from "./routing-path.ts";
import { syntaxError } from "./rule-problem.ts";

type ReadHeaderValue = (arg: MatcherArgument) => { value: string } | { regexp: string };

const BRACE = /[{}]/;

const host = anyOf<HttpMatcher>("Host(`example.com`, …)", (arg, warn) => ({ type: "host", host: readHost(arg, warn) }));

/**
 * The HTTP matchers of Traefik 2 (https://doc.traefik.io/traefik/v2.11/routing/routers/#rule). Several arguments
 * are alternatives, but the pairs of Headers and the parameters of Query must all match, as gorilla/mux has it.
 */
export const matchersV2: MatcherTable = {
  matchers: {
    Host: host,
    HostHeader: host,
    HostRegexp: anyOf("HostRegexp(`{subdomain:[a-z]+}.example.com`, …)", (arg) => {
      requireAscii(arg);
      const options = { start: "(?i)^", end: "$", variable: "[^.]+", literal: (text: string) => text };
      return { type: "hostRegexp", regexp: templateToRegexp(arg, options) };
    }),
    Path: anyOf("Path(`/products/{id:[0-9]+}`, …)", (arg) => {
      const path = readPath(arg);
      return BRACE.test(arg.value) ? pathTemplate(arg, "$") : { type: "path", path };
    }),
    PathPrefix: anyOf("PathPrefix(`/products/{id:[0-9]+}`, …)", (arg) => {
      const path = readPath(arg);
      return BRACE.test(arg.value) ? pathTemplate(arg, "") : { type: "pathPrefix", path };
    }),
    Method: anyOf("Method(`GET`, …)", ({ value }) => ({ type: "method", method: value.toUpperCase() })),
    Headers: headerPairs("Headers(`X-Name`, `value`)", ({ value }) => ({ value })),
    HeadersRegexp: headerPairs("HeadersRegexp(`X-Name`, `^val`)", (arg) => ({ regexp: readRegexp(arg) })),
    Query: {
      minArguments: 1,
      maxArguments: Number.POSITIVE_INFINITY,
      usage: "Query(`key=value`, …)",
      build: (args) => combine("and", args.map(buildQuery)),
    },
    ClientIP: anyOf("ClientIP(`10.0.0.0/8`, …)", readClientIp),
  },
  foreignNames: {
    ...foreignToHttp,
    PathRegexp: "PathRegexp is v3's: write Path(`/{name:pattern}`), or set the route's syntax to v3",
    Header: "Header is v3's name: write Headers, or set the route's syntax to v3",
    HeaderRegexp: "HeaderRegexp is v3's name: write HeadersRegexp, or set the route's syntax to v3",
    QueryRegexp: "QueryRegexp is v3's: write Query(`key={name:pattern}`), or set the route's syntax to v3",
  },
};

function pathTemplate(arg: MatcherArgument, end: string): Rule {
  const options = { start: "^", end, variable: "[^/]+", literal: decodeRoutingPath };
  return { type: "pathRegexp", regexp: templateToRegexp(arg, options) };
}

function headerPairs(usage: string, readValue: ReadHeaderValue): Matcher {
  return {
    minArguments: 2,
    maxArguments: Number.POSITIVE_INFINITY,
    usage,
    build: (args, warn) => {
      const rules: Rule[] = [];
      for (let index = 0; index < args.length; index += 2) {
        const [name, valueArgument] = args.slice(index, index + 2);
        if (name === undefined) break;
        if (valueArgument === undefined) throw syntaxError(name, "The header has no value", `Write ${usage}`);
        const value = readValue(valueArgument);
        const headerName = readHeaderName(name, warn);
        rules.push(
          "value" in value
            ? { type: "header", name: headerName, ...value }
            : { type: "headerRegexp", name: headerName, ...value },
        );
      }
      return combine("and", rules);
    },
  };
}

/** `k=v`; `k=` asks only that the key is there, and `v` may hold templates. */
function buildQuery(arg: MatcherArgument): Rule {
  const equals = arg.value.indexOf("=");
  if (equals < 1)
    throw syntaxError(arg, "A query parameter is written key=value", `Write Query(\`${shorten(arg.value)}=value\`)`);
  const key = arg.value.slice(0, equals);
  const value = { ...arg, value: arg.value.slice(equals + 1) };
  if (value.value === "") return { type: "queryRegexp", key, regexp: ".*" };
  if (!BRACE.test(value.value)) return { type: "query", key, value: value.value };
  const options = { start: "^", end: "$", variable: ".*", literal: (text: string) => text };
  return { type: "queryRegexp", key, regexp: templateToRegexp(value, options) };
}
