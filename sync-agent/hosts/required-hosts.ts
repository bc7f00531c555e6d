import { type RuleKey, ruleKeys } from "../../src/rule/rule-keys.ts";
import type { ChildRouter } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";

/** What of a table says which hosts it needs. */
export type RoutedTable = Pick<Table, "routers" | "services">;

/** A host that routers need requests for. */
export interface RequiredHost {
  /** `app.example.com`, or `*.example.com` for all names below it. */
  host: string;
  /** What of its paths is needed; undefined stands for all of them. */
  paths: RuleKey["path"][];
  /** The routers that need it, in the order of the table. */
  routers: ChildRouter[];
}

const known = new WeakMap<ChildRouter, readonly RuleKey[]>();

function keysOf(router: ChildRouter): readonly RuleKey[] {
  let keys = known.get(router);
  if (keys === undefined) {
    keys = ruleKeys(router.rule);
    known.set(router, keys);
  }
  return keys;
}

/**
 * The hosts that a table's routers need, by name. A router that takes every host needs those of the routers below it, at
 * paths that it takes itself; without such it needs none: it serves what comes by the hosts of others.
 */
export function requiredHosts({ routers, services }: RoutedTable): RequiredHost[] {
  const hosts = new Map<string, RequiredHost>();
  const hostsBelow = createHostsBelow(services);
  for (const router of routers) {
    for (const { host, path } of keysOf(router)) {
      const needed = host === "" ? hostsBelow(router.service) : [{ host, router }];
      for (const { host, router } of needed) {
        const required = hosts.get(host);
        if (required === undefined) hosts.set(host, { host, paths: [path], routers: [router] });
        else {
          required.paths.push(path);
          if (required.routers.at(-1) !== router) required.routers.push(router);
        }
      }
    }
  }
  return [...hosts.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
}

interface NeededHost {
  host: string;
  router: ChildRouter;
}

/** Finds the hosts that the routers of a service need, over any number of steps, each service once. */
function createHostsBelow(services: RoutedTable["services"]): (service: string) => readonly NeededHost[] {
  const found = new Map<string, readonly NeededHost[]>();
  const hostsBelow = (name: string): readonly NeededHost[] => {
    const known = found.get(name);
    if (known !== undefined) return known;
    // A service that contains itself needs nothing more by that.
    found.set(name, []);
    const service = Object.hasOwn(services, name) ? services[name] : undefined;
    const routers = service?.type === "routers" ? service.routers : [];
    const all = routers.flatMap((router) =>
      keysOf(router).flatMap(({ host }) => (host === "" ? hostsBelow(router.service) : [{ host, router }])),
    );
    // Two routes of one host at two paths need it once, and ways that cross do not multiply.
    const needed = [...new Map(all.map((one) => [`${one.router.tieBreaker} ${one.host}`, one])).values()];
    found.set(name, needed);
    return needed;
  };
  return hostsBelow;
}
