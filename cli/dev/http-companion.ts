import type { Socket } from "node:net";
import type { Companion } from "../../relay/tcp/companion.ts";
import { ruleKeys } from "../../src/rule/rule-keys.ts";
import { type RoutedTable, requiredHosts } from "../../sync-agent/hosts/required-hosts.ts";

/** The names that HTTP routers with TLS have on an entry point, with those of routers below one that takes every name. */
interface Names {
  exact: ReadonlySet<string>;
  /** Of `*.suffix`. */
  suffixes: readonly string[];
  /** A router takes every name. */
  hasAny: boolean;
}

export interface HttpCompanionOptions {
  entryPoint: string;
  takesTls: boolean;
  table: () => RoutedTable;
  take: (socket: Socket) => void;
}

/**
 * HTTP on an entry point that TCP has too. Over TLS the order is Traefik's: names of HTTP routers, names of TCP
 * routers, HTTP routers for every name, TCP routers for every name
 * (https://doc.traefik.io/traefik/reference/routing-configuration/tcp/routing/router/).
 */
export function createHttpCompanion({ entryPoint, takesTls, table, take }: HttpCompanionOptions): Companion {
  return {
    takesTls,
    claims({ sni }, router) {
      if (!takesTls) return false;
      const names = namesOf(table(), entryPoint);
      if (names.exact.has(sni) || names.suffixes.some((suffix) => sni.endsWith(`.${suffix}`))) return true;
      return names.hasAny && router.rule.type === "any";
    },
    take: (socket) => take(socket),
  };
}

const known = new WeakMap<RoutedTable, Map<string, Names>>();

function namesOf(table: RoutedTable, entryPoint: string): Names {
  const byEntryPoint = known.get(table) ?? new Map<string, Names>();
  known.set(table, byEntryPoint);
  let names = byEntryPoint.get(entryPoint);
  if (names === undefined) {
    const routers = table.routers.filter(({ tls, entryPoints }) => tls && entryPoints.includes(entryPoint));
    const hosts = requiredHosts({ routers, services: table.services }).map(({ host }) => host);
    names = {
      exact: new Set(hosts),
      suffixes: hosts.filter((host) => host.startsWith("*.")).map((host) => host.slice(2)),
      hasAny: routers.some(({ rule }) => ruleKeys(rule).some(({ host }) => host === "")),
    };
    byEntryPoint.set(entryPoint, names);
  }
  return names;
}
