import type { Rule } from "../table/rule.ts";
import { shorten } from "./explain-token.ts";
import { binary, type Matcher, type MatcherArgument, present, unary, type Warn } from "./matcher.ts";
import { readHeaderName, readRegexp } from "./matcher-arguments.ts";
import { syntaxError } from "./rule-problem.ts";

/** Matchers that Traefik does not have: by them a new version meets some people before the others. */
export const canaryMatchers: Record<string, Matcher> = {
  Cookie: binary("Cookie(`name`, `value`)", (name, value) => ({
    type: "cookie",
    name: readCookieName(name),
    value: value.value,
  })),
  CookieRegexp: binary("CookieRegexp(`name`, `^val`)", (name, regexp) => ({
    type: "cookieRegexp",
    name: readCookieName(name),
    regexp: readRegexp(regexp),
  })),
  Country: unary("Country(`DE`)", (arg) => ({ type: "country", country: readCountry(arg) })),
  Percent: {
    minArguments: 1,
    maxArguments: 3,
    usage: "Percent(`5`), Percent(`5`, `Header`, `X-User`) or Percent(`5`, `Cookie`, `user`)",
    build: ([percent, kind, name], warn) => readPercent(present(percent), kind, name, warn),
  },
};

/** RFC 6265, section 4.1.1. */
function readCookieName(arg: MatcherArgument): string {
  if (/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(arg.value)) return arg.value;
  throw syntaxError(arg, `No cookie is named ${shorten(arg.value)}`);
}

function readCountry(arg: MatcherArgument): string {
  const country = arg.value.trim().toUpperCase();
  if (/^[A-Z][A-Z0-9]$/.test(country)) return country;
  throw syntaxError(
    arg,
    `${shorten(arg.value)} is no country's code`,
    "Write its two letters, such as DE (ISO 3166-1)",
  );
}

function readPercent(
  percent: MatcherArgument,
  kind: MatcherArgument | undefined,
  name: MatcherArgument | undefined,
  warn: Warn,
): Rule {
  const value = /^\d{1,3}(?:\.\d{1,2})?$/.test(percent.value) ? Number(percent.value) : Number.NaN;
  if (!(value >= 0 && value <= 100)) {
    throw syntaxError(percent, `${shorten(percent.value)} is no share of 100`, "Write 5, or 0.25");
  }
  if (kind === undefined) return { type: "percent", percent: value };
  const source = kind.value.toLowerCase();
  if (source !== "header" && source !== "cookie") {
    throw syntaxError(
      kind,
      "Clients are told apart by a `Header` or a `Cookie`",
      "Leave it out to go by their address",
    );
  }
  if (name === undefined) throw syntaxError(kind, `The ${source}'s name is missing`, "Write it as the third argument");
  return source === "header"
    ? { type: "percent", percent: value, header: readHeaderName(name, warn) }
    : { type: "percent", percent: value, cookie: readCookieName(name) };
}
