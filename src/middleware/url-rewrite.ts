import { checkAuthority } from "./authority.ts";
import { compilePathModifier } from "./compile-path-modifier.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/** Gateway API's URLRewrite: another Host, another path, or both. */
export const urlRewrite: MiddlewareFactory<"urlRewrite"> = {
  type: "urlRewrite",
  build({ hostname, path }) {
    if (hostname !== undefined) checkAuthority(hostname);
    const modify = path === undefined ? undefined : compilePathModifier(path);
    return (next) => (exchange) => {
      if (hostname !== undefined) exchange.host = hostname;
      if (modify !== undefined) exchange.path = modify(exchange.path);
      return next(exchange);
    };
  },
};
