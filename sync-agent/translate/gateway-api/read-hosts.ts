import type { Place } from "../traefik/context.ts";
import { ANY_HOST, readHostname } from "./hostnames.ts";

/** A route whose hostnames are all bad takes none, not every one. */
export function readHosts(list: readonly unknown[], place: Place): string[] {
  if (list.length === 0) return [ANY_HOST];
  const hosts = list.flatMap((element, index): string[] => {
    const host = typeof element === "string" ? readHostname(element) : undefined;
    if (host !== undefined) return [host];
    place.report({
      code: "invalid-field",
      severity: "error",
      path: [...place.path, "hostnames", index],
      message: `${JSON.stringify(element)?.slice(0, 100)} is not a host name; it is left out`,
      hint: "Write a DNS name without a port, the first label possibly `*`",
    });
    return [];
  });
  return [...new Set(hosts)];
}
