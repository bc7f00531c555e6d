import type { Exchange } from "../exchange/exchange.ts";
import { compileGoRegexp } from "./go-regexp.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { redirectStatus, redirectTo } from "./redirect.ts";
import { forwardedScheme } from "./redirect-scheme.ts";

/** Redirects where an expression changes the full URL; a URL that stays the same is passed on. */
export const redirectRegex: MiddlewareFactory<"redirectRegex"> = {
  type: "redirectRegex",
  build({ regex, replacement, permanent }) {
    const expression = compileGoRegexp(regex);
    const template = expression.template(replacement);
    return (next) => async (exchange) => {
      const url = fullUrl(exchange);
      const target = expression.replaceAll(url, template);
      return target === url ? next(exchange) : redirectTo(target, redirectStatus(exchange.request.method, permanent));
    };
  },
};

const fullUrl = (exchange: Exchange): string =>
  `${forwardedScheme(exchange)}://${exchange.host}${exchange.path}${exchange.query}`;
