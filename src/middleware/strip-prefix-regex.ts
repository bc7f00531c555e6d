import type { RE2JS } from "re2js";
import { decodeRoutingPath } from "../rule/routing-path.ts";
import { compileSearch } from "./compile-pattern.ts";
import { escapePath } from "./escape-path.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { stripPath } from "./strip-path.ts";

/**
 * Takes off what the first of its expressions that matches finds at the path's beginning. Like rules, expressions
 * see the routing path: `/foo bar`, not `/foo%20bar`.
 */
export const stripPrefixRegex: MiddlewareFactory<"stripPrefixRegex"> = {
  type: "stripPrefixRegex",
  build({ regex }) {
    const expressions = regex.map((pattern) => compileSearch(pattern.trim()));
    return (next) => (exchange) => {
      const prefix = findPrefix(exchange.path, expressions);
      return prefix === undefined ? next(exchange) : stripPath(exchange, prefix, next);
    };
  },
};

/** The escaped form of what is found. A find that ends within an escape is none. */
function findPrefix(path: string, expressions: readonly RE2JS[]): string | undefined {
  const routingPath = decodeRoutingPath(path);
  for (const expression of expressions) {
    const matcher = expression.matcher(routingPath);
    if (!matcher.find() || matcher.start() !== 0) continue;
    const prefix = escapePath(matcher.group() ?? "");
    if (prefix !== "" && path.startsWith(prefix)) return prefix;
  }
  return undefined;
}
