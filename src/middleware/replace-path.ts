import { escapePath, withLeadingSlash } from "./escape-path.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/** Replaces the path; the origin learns the old one from X-Replaced-Path. */
export const replacePath: MiddlewareFactory<"replacePath"> = {
  type: "replacePath",
  build({ path }) {
    const replacement = withLeadingSlash(escapePath(path));
    return (next) => (exchange) => {
      exchange.headers.set("X-Replaced-Path", exchange.path);
      exchange.path = replacement;
      return next(exchange);
    };
  },
};
