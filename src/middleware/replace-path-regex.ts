import { plainAnswer } from "../edge/plain-answer.ts";
import { compileReplacement } from "./compile-replacement.ts";
import { escapePath, hasDotSegment, withLeadingSlash } from "./escape-path.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { REPLACED_PATH } from "./replace-path.ts";

/**
 * Replaces what an expression finds in the escaped path. A `?` in the replacement is part of the path. A client
 * cannot make it climb out of the replacement (`^/a(.*)` to `/b/$1` by `/a../c`): that is a 400.
 */
export const replacePathRegex: MiddlewareFactory<"replacePathRegex"> = {
  type: "replacePathRegex",
  build({ regex, replacement }) {
    const expression = compileReplacement(regex.trim(), replacement.trim());
    const isOwnDotSegment = hasDotSegment(withLeadingSlash(replacement.trim()));
    return (next) => async (exchange) => {
      if (!expression.test(exchange.path)) return next(exchange);
      const replaced = expression.replaceAll(exchange.path);
      if (replaced === undefined) return plainAnswer(400);
      const path = withLeadingSlash(escapePath(replaced));
      if (!isOwnDotSegment && hasDotSegment(path)) return plainAnswer(400);
      exchange.headers.set(REPLACED_PATH, exchange.path);
      exchange.path = path;
      return next(exchange);
    };
  },
};
