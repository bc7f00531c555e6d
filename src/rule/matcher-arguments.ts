import { withoutTrailingDot } from "./canonical-host.ts";
import { compileAddressBlock } from "./client-address.ts";
import { isMatchableHeader } from "./compile-rule.ts";
import { shorten } from "./explain-token.ts";
import type { MatcherArgument, Warn } from "./matcher.ts";
import { compileRegexp, RegexpError } from "./regexp.ts";
import { decodeRoutingPath } from "./routing-path.ts";
import { RuleError, syntaxError } from "./rule-problem.ts";

const NON_ASCII = /[^\0-\x7f]/;
const HOST_NAME = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*)$/;
/** `{name}` and `{name:pattern}` of Traefik 2. */
const TEMPLATE = /(?<!\\[pPx]?)\{[A-Za-z_][A-Za-z0-9_]*(?::[^}]*)?\}/;

export const hasTemplate = (text: string): boolean => TEMPLATE.test(text);

/** A host name as requests' hosts are compared; a warning when no request can have it. */
export function readHost(arg: MatcherArgument, warn: Warn): string {
  requireAscii(arg);
  const host = withoutTrailingDot(arg.value.trim().toLowerCase()).replace(/^\[(.*)\]$/, "$1");
  if (!HOST_NAME.test(host)) warn({ ...placeOf(arg), ...explainHost(arg.value) });
  return host;
}

function explainHost(host: string): { message: string; hint?: string } {
  const message = `No request has the host ${shorten(host)}`;
  if (/:\d+$/.test(host)) return { message, hint: "Leave the port out: rules see the host without it" };
  if (host.includes("/")) return { message, hint: "Write the host alone, and the path in a Path or PathPrefix" };
  if (host.includes("{")) return { message, hint: "Host takes no templates: use HostRegexp" };
  if (host.includes("*")) return { message, hint: "v3 takes `*` alone or as the first label; for more use HostRegexp" };
  return { message };
}

export function requireAscii(arg: MatcherArgument): void {
  if (!NON_ASCII.test(arg.value)) return;
  const ascii = URL.canParse(`http://${arg.value}`) ? new URL(`http://${arg.value}`).hostname : undefined;
  const hint = ascii?.startsWith("%") ? undefined : ascii;
  throw syntaxError(
    arg,
    "A host is written in ASCII",
    hint === undefined ? "Write it in its punycode form (xn--…)" : `Write it in its punycode form: ${shorten(hint)}`,
  );
}

/** A path literal in routing-path form. */
export function readPath(arg: MatcherArgument): string {
  if (!arg.value.startsWith("/")) {
    throw syntaxError(arg, "A path begins with a slash", `Write /${shorten(arg.value)}`);
  }
  return decodeRoutingPath(arg.value);
}

/** Checks a pattern that someone wrote in `arg`; the pattern itself may have been made from it. */
export function readRegexp(arg: MatcherArgument, pattern = arg.value): string {
  try {
    compileRegexp(pattern);
  } catch (error) {
    if (!(error instanceof RegexpError)) throw error;
    throw new RuleError({
      code: "rule-regexp",
      message: `The regular expression is not valid RE2: ${shorten(error.message)}`,
      ...hintForRegexp(pattern),
      ...placeOf(arg),
    });
  }
  return pattern;
}

function hintForRegexp(pattern: string): { hint?: string } {
  if (/\(\?<?[=!]/.test(pattern)) {
    return { hint: "RE2 has no look-around: split the rule into matchers joined by && and !" };
  }
  return /\\[1-9]/.test(pattern) ? { hint: "RE2 has no back-references" } : {};
}

export function readHeaderName(arg: MatcherArgument, warn: Warn): string {
  if (!isMatchableHeader(arg.value)) {
    const isHost = arg.value.toLowerCase() === "host";
    warn({
      ...placeOf(arg),
      message: isHost ? "A header matcher does not see Host" : `No request has a header named ${shorten(arg.value)}`,
      ...(isHost && { hint: "Use Host or HostRegexp" }),
    });
  }
  return arg.value;
}

export function readClientIp(arg: MatcherArgument): { type: "clientIp"; cidr: string } {
  if (compileAddressBlock(arg.value) === undefined) {
    throw syntaxError(
      arg,
      `${shorten(arg.value)} is neither an IP address nor a CIDR block`,
      "Write 10.0.0.1 or 10.0.0.0/8",
    );
  }
  return { type: "clientIp", cidr: arg.value };
}

export const placeOf = ({ offset, length }: MatcherArgument) => ({ offset, length });
