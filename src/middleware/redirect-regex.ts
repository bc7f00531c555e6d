import { plainAnswer } from "../edge/plain-answer.ts";
import { compileReplacement } from "./compile-replacement.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { redirectStatus, redirectTo } from "./redirect.ts";

/**
 * Redirects where an expression changes the full URL, `scheme://host/path?query` as the entry point got it. A URL
 * that it does not match, or leaves the same, is passed on.
 */
export const redirectRegex: MiddlewareFactory<"redirectRegex"> = {
  type: "redirectRegex",
  build({ regex, replacement, permanent }) {
    const expression = compileReplacement(regex, replacement);
    const toOwnPath = /^\/(?!\/)/.test(replacement);
    return (next) => async (exchange) => {
      const url = `${exchange.scheme}://${exchange.host}${exchange.path}${exchange.query}`;
      if (!expression.test(url)) return next(exchange);
      const target = expression.replaceAll(url);
      if (target === undefined) return plainAnswer(400);
      if (target === url) return next(exchange);
      const location = toOwnPath ? stayOnHost(target) : target;
      return redirectTo(location, redirectStatus(exchange.request.method, permanent));
    };
  },
};

/** A replacement that begins with one slash means a path here; what a client sent must not make it `//another.host`. */
const stayOnHost = (target: string): string => target.replace(/^[/\\]+/, "/");
