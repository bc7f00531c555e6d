import type { MiddlewareFactory } from "./middleware.ts";
import { redirectTo } from "./redirect.ts";
import { compilePathRewrite } from "./url-rewrite.ts";

/** Gateway API's RequestRedirect: answers every request with a redirect. */
export const requestRedirect: MiddlewareFactory<"requestRedirect"> = {
  type: "requestRedirect",
  build({ scheme, hostname, port, statusCode, path }) {
    const rewrite = path === undefined ? (original: string) => original : compilePathRewrite(path);
    return () => async (exchange) => {
      const target = scheme ?? exchange.scheme;
      const host = hostname ?? exchange.host.replace(/:\d*$/, "");
      const location = `${target}://${host}${portSuffix(target, port)}${rewrite(exchange.path)}${exchange.query}`;
      return redirectTo(location, statusCode);
    };
  },
};

/** The translator resolves the port; the scheme's well-known one is never written. */
function portSuffix(scheme: string, port: number | undefined): string {
  const wellKnown = scheme === "https" ? 443 : scheme === "http" ? 80 : undefined;
  return port === undefined || port === wellKnown ? "" : `:${port}`;
}
