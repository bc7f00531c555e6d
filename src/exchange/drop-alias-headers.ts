import type { EntryPoint } from "../table/entry-point.ts";
import type { Exchange } from "./exchange.ts";

const aliases = { underscore: /_/, all: /[^a-z0-9-]/ };

/**
 * Leaves out the headers whose names a Pod may take for others', which a middleware sets or removes: Traefik's
 * `aliasHeadersStrategy` and `underscoreHeadersStrategy`
 * (https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/).
 *
 * @returns whether the request may go on
 */
export function dropAliasHeaders({ headers }: Exchange, { aliasHeaders }: EntryPoint): boolean {
  if (aliasHeaders === undefined) return true;
  const { strategy, characters } = aliasHeaders;
  const found = [...headers.current.keys()].filter((name) => aliases[characters].test(name));
  if (strategy === "reject") return found.length === 0;
  for (const name of found) headers.delete(name);
  return true;
}
