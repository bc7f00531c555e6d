/**
 * Gateway API's ReplacePrefixMatch: whole path elements are replaced, and no slash is doubled or lost
 * (https://gateway-api.sigs.k8s.io/reference/spec/#httppathmodifier).
 *
 * @param from the matched prefix, `to` its replacement, both without a trailing slash or `/`
 */
export function replacePrefix(path: string, from: string, to: string): string {
  const prefix = from.replace(/\/+$/, "");
  const replacement = to.replace(/\/+$/, "");
  if (path !== prefix && !path.startsWith(`${prefix}/`)) return path;
  return `${replacement}${path.slice(prefix.length)}` || "/";
}
