import { escapePath } from "./escape-path.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { stripPath } from "./strip-path.ts";

/** Takes off the first of its prefixes that the path begins with, byte for byte: `/a` is a prefix of `/ab`. */
export const stripPrefix: MiddlewareFactory<"stripPrefix"> = {
  type: "stripPrefix",
  build({ prefixes }) {
    const escaped = prefixes.filter((prefix) => prefix !== "").map(escapePath);
    return (next) => (exchange) => {
      const prefix = escaped.find((candidate) => exchange.path.startsWith(candidate));
      return prefix === undefined ? next(exchange) : stripPath(exchange, prefix, next);
    };
  },
};
