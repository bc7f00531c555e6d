import { escapePath, withLeadingSlash } from "./escape-path.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { replacePrefix } from "./replace-prefix.ts";

/** Gateway API's URLRewrite: another Host, another path, or both. */
export const urlRewrite: MiddlewareFactory<"urlRewrite"> = {
  type: "urlRewrite",
  build({ hostname, path }) {
    const rewrite = path === undefined ? undefined : compilePathRewrite(path);
    return (next) => (exchange) => {
      if (hostname !== undefined) exchange.host = hostname;
      if (rewrite !== undefined) exchange.path = rewrite(exchange.path);
      return next(exchange);
    };
  },
};

type PathRewrite = { type: "full"; path: string } | { type: "prefix"; from: string; to: string };

/** Gateway API's HTTPPathModifier, for rewrites and redirects alike. */
export function compilePathRewrite(rewrite: PathRewrite): (path: string) => string {
  if (rewrite.type === "full") {
    const replacement = withLeadingSlash(escapePath(rewrite.path));
    return () => replacement;
  }
  const from = escapePath(rewrite.from);
  const to = withLeadingSlash(escapePath(rewrite.to));
  return (path) => withLeadingSlash(replacePrefix(path, from, to));
}
