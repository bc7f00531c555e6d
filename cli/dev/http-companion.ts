import type { Socket } from "node:net";
import type { Companion } from "../../relay/tcp/companion.ts";
import { ruleKeys } from "../../src/rule/rule-keys.ts";
import type { Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";

/** The names that HTTP routers with TLS have on an entry point. */
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
  table: () => Pick<Table, "routers">;
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
      const names = namesOf(table().routers, entryPoint);
      if (names.exact.has(sni) || names.suffixes.some((suffix) => sni.endsWith(`.${suffix}`))) return true;
      return names.hasAny && router.rule.type === "any";
    },
    take: (socket) => take(socket),
  };
}

const known = new WeakMap<readonly Router[], Map<string, Names>>();

function namesOf(routers: readonly Router[], entryPoint: string): Names {
  const byEntryPoint = known.get(routers) ?? new Map<string, Names>();
  known.set(routers, byEntryPoint);
  let names = byEntryPoint.get(entryPoint);
  if (names === undefined) {
    const own = routers.filter(({ tls, entryPoints }) => tls && entryPoints.includes(entryPoint));
    const hosts = own.flatMap(({ rule }) => ruleKeys(rule).map(({ host }) => host));
    names = {
      exact: new Set(hosts.filter((host) => host !== "")),
      suffixes: hosts.filter((host) => host.startsWith("*.")).map((host) => host.slice(2)),
      hasAny: hosts.includes(""),
    };
    byEntryPoint.set(entryPoint, names);
  }
  return names;
}
