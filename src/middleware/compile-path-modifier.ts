import type { MiddlewareOptions } from "../table/middleware.ts";
import { escapePath, withLeadingSlash } from "./escape-path.ts";

export type PathModifier = NonNullable<MiddlewareOptions<"urlRewrite">["path"]>;

/**
 * Compiles Gateway API's HTTPPathModifier
 * (https://gateway-api.sigs.k8s.io/reference/spec/#httppathmodifier) to a function of an escaped path.
 *
 * A prefix is whole path elements: `/foo` begins `/foo` and `/foo/bar`, never `/foobar`; a path that does not begin
 * with it stays. Exactly one slash stands where the replacement and the rest meet.
 */
export function compilePathModifier(modifier: PathModifier): (path: string) => string {
  if (modifier.type === "full") {
    const path = withLeadingSlash(escapePath(modifier.path));
    return () => path;
  }
  const from = withoutSlashAtEnd(escapePath(modifier.from));
  const to = withLeadingSlash(escapePath(modifier.to));
  const start = withoutSlashAtEnd(to);
  return (path) => {
    if (path === from || path === "") return to;
    return path.startsWith(`${from}/`) ? start + path.slice(from.length) : path;
  };
}

const withoutSlashAtEnd = (path: string): string => path.replace(/\/$/, "");
