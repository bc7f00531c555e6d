import type { RuleKey } from "../../src/rule/rule-keys.ts";

/**
 * A pattern of a Worker's route (https://developers.cloudflare.com/workers/configuration/routing/routes/):
 * `[http[s]://]host[/path]`, the host possibly with `*` before it, the path possibly with `*` behind it.
 */
export interface RoutePattern {
  /** Without the `*`: `example.com`, or `.example.com` for `*.example.com`. */
  host: string;
  isWildcard: boolean;
  /** Without the `*`. */
  path: string;
  isPrefix: boolean;
  /** Only for requests over this scheme. */
  scheme: string | undefined;
}

/** Undefined for what is no pattern. */
export function parseRoutePattern(text: string): RoutePattern | undefined {
  const [, scheme, star, host = "", path = ""] = /^(?:(https?):\/\/)?(\*)?([^/*]*)(\/[^*]*\*?|\*)?$/.exec(text) ?? [];
  if (host === "" && star === undefined) return undefined;
  const isPrefix = path.endsWith("*");
  return {
    host: host.toLowerCase(),
    isWildcard: star !== undefined,
    path: (isPrefix ? path.slice(0, -1) : path) || (isPrefix ? "" : "/"),
    isPrefix,
    scheme,
  };
}

/** Whether all requests for a host (possibly `*.example.com`) and path match the pattern; those over HTTPS will do. */
export function coversRequests(pattern: RoutePattern, host: string, path: RuleKey["path"]): boolean {
  return pattern.scheme !== "http" && coversHost(pattern, host) && coversPath(pattern, path);
}

function coversHost({ host: own, isWildcard }: RoutePattern, host: string): boolean {
  if (!isWildcard) return host === own;
  if (host.startsWith("*.")) return host.slice(1).endsWith(own);
  // Zero or more characters stand for the star: `*example.com` takes `example.com` too, `*.example.com` does not.
  return host.endsWith(own) && (host.length > own.length || !own.startsWith("."));
}

/** A pattern that does not end in `*` matches one path without a query, which is never all that a route takes. */
const coversPath = ({ path: own, isPrefix }: RoutePattern, path: RuleKey["path"]): boolean =>
  isPrefix && (path?.value ?? "/").startsWith(own);

/** Sorts the pattern that Cloudflare prefers to the front: the more specific host, then the longer path. */
export const compareSpecificity = (a: RoutePattern, b: RoutePattern): number =>
  Number(a.isWildcard) - Number(b.isWildcard) || b.host.length - a.host.length || b.path.length - a.path.length;
