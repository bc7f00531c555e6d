import { escapePath, withLeadingSlash } from "./escape-path.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { invalid } from "./middleware-error.ts";

/** Puts a prefix before the path. */
export const addPrefix: MiddlewareFactory<"addPrefix"> = {
  type: "addPrefix",
  build({ prefix }) {
    if (prefix === "") throw invalid("The prefix is empty");
    const added = withLeadingSlash(escapePath(prefix));
    return (next) => (exchange) => {
      exchange.path = added + exchange.path;
      return next(exchange);
    };
  },
};
