import { compileGoRegexp } from "./go-regexp.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { stripPath } from "./strip-path.ts";

/** Takes off what the first of its expressions that matches finds at the path's beginning. */
export const stripPrefixRegex: MiddlewareFactory<"stripPrefixRegex"> = {
  type: "stripPrefixRegex",
  build({ regex }) {
    const expressions = regex.map(compileGoRegexp);
    return (next) => (exchange) => {
      for (const expression of expressions) {
        const found = expression.find(exchange.path);
        if (found !== undefined && found.index === 0 && found.text !== "") return stripPath(exchange, found.text, next);
      }
      return next(exchange);
    };
  },
};
