import type { Rule } from "../table/rule.ts";
import { canaryMatchers } from "./canary-matchers.ts";
import {
  binary,
  foreignToHttp,
  type Matcher,
  type MatcherArgument,
  type MatcherTable,
  present,
  unary,
  type Warn,
} from "./matcher.ts";
import {
  hasTemplate,
  placeOf,
  readClientIp,
  readHeaderName,
  readHost,
  readPath,
  readRegexp,
  requireAscii,
} from "./matcher-arguments.ts";

/**
 * The HTTP matchers of Traefik 3
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/).
 */
export const matchersV3: MatcherTable = {
  matchers: {
    Host: unary("Host(`example.com`)", buildHost),
    HostRegexp: unary("HostRegexp(`^.+\\.example\\.com$`)", (arg, warn) => {
      requireAscii(arg);
      warnOfTemplate(arg, warn);
      return { type: "hostRegexp", regexp: readRegexp(arg) };
    }),
    Path: unary("Path(`/products`)", (arg, warn) => {
      warnOfTemplate(arg, warn);
      return { type: "path", path: readMatchablePath(arg, warn) };
    }),
    PathPrefix: unary("PathPrefix(`/products`)", (arg, warn) => {
      warnOfTemplate(arg, warn);
      return { type: "pathPrefix", path: readMatchablePath(arg, warn) };
    }),
    PathRegexp: unary("PathRegexp(`^/products/\\d+$`)", (arg, warn) => {
      warnOfTemplate(arg, warn);
      return { type: "pathRegexp", regexp: readRegexp(arg) };
    }),
    Method: unary("Method(`GET`)", ({ value }) => ({ type: "method", method: value.toUpperCase() })),
    Header: binary("Header(`X-Name`, `value`)", (name, value, warn) => ({
      type: "header",
      name: readHeaderName(name, warn),
      value: value.value,
    })),
    HeaderRegexp: binary("HeaderRegexp(`X-Name`, `^val`)", (name, regexp, warn) => ({
      type: "headerRegexp",
      name: readHeaderName(name, warn),
      regexp: readRegexp(regexp),
    })),
    Query: oneOrTwo("Query(`key`, `value`)", (key, value) => ({
      type: "query",
      key: key.value,
      value: value?.value ?? "",
    })),
    QueryRegexp: oneOrTwo("QueryRegexp(`key`, `^val`)", (key, regexp) =>
      regexp === undefined
        ? { type: "query", key: key.value, value: "" }
        : { type: "queryRegexp", key: key.value, regexp: readRegexp(regexp) },
    ),
    ClientIP: unary("ClientIP(`10.0.0.0/8`)", readClientIp),
    ...canaryMatchers,
  },
  foreignNames: {
    ...foreignToHttp,
    HostHeader: "HostHeader is v2's name: write Host, or set the route's syntax to v2",
    Headers: "Headers is v2's name: write Header, or set the route's syntax to v2",
    HeadersRegexp: "HeadersRegexp is v2's name: write HeaderRegexp, or set the route's syntax to v2",
  },
};

function oneOrTwo(
  usage: string,
  build: (first: MatcherArgument, second: MatcherArgument | undefined) => Rule,
): Matcher {
  return { minArguments: 1, maxArguments: 2, usage, build: ([first, second]) => build(present(first), second) };
}

function buildHost(arg: MatcherArgument, warn: Warn): Rule {
  if (arg.value === "*") return { type: "any" };
  if (!arg.value.startsWith("*.")) return { type: "host", host: readHost(arg, warn) };
  return { type: "hostWildcard", suffix: readHost({ ...arg, value: arg.value.slice(2) }, warn) };
}

function readMatchablePath(arg: MatcherArgument, warn: Warn): string {
  const path = readPath(arg);
  if (/%(?![0-9A-F]{2})/.test(path)) {
    warn({ ...placeOf(arg), message: "No request has a bare % in its path", hint: "Write %25" });
  }
  return path;
}

function warnOfTemplate(arg: MatcherArgument, warn: Warn): void {
  if (!hasTemplate(arg.value)) return;
  warn({
    ...placeOf(arg),
    message: "Templates in braces are v2's: here the braces are plain text",
    hint: "Write a regular expression, such as HostRegexp(`^[a-z]+\\.example\\.com$`), or set the route's syntax to v2",
  });
}
