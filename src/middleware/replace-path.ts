import { escapePath, withLeadingSlash } from "./escape-path.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/** Tells the origin the path before it was replaced. */
export const REPLACED_PATH = "X-Replaced-Path";

/** Replaces the path. */
export const replacePath: MiddlewareFactory<"replacePath"> = {
  type: "replacePath",
  build({ path }) {
    const replacement = withLeadingSlash(escapePath(path));
    return (next) => (exchange) => {
      exchange.headers.set(REPLACED_PATH, exchange.path);
      exchange.path = replacement;
      return next(exchange);
    };
  },
};
