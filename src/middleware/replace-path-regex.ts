import { escapePath, withLeadingSlash } from "./escape-path.ts";
import { compileGoRegexp } from "./go-regexp.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/** Replaces what an expression finds in the path; the origin learns the old path from X-Replaced-Path. */
export const replacePathRegex: MiddlewareFactory<"replacePathRegex"> = {
  type: "replacePathRegex",
  build({ regex, replacement }) {
    const expression = compileGoRegexp(regex.trim());
    const template = expression.template(replacement.trim());
    return (next) => (exchange) => {
      if (expression.find(exchange.path) === undefined) return next(exchange);
      const [path = "", ...query] = expression.replaceAll(exchange.path, template).split("?");
      exchange.headers.set("X-Replaced-Path", exchange.path);
      exchange.path = withLeadingSlash(escapePath([path, ...query].join("%3F")));
      return next(exchange);
    };
  },
};
