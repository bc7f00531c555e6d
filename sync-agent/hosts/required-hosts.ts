import { type RuleKey, ruleKeys } from "../../src/rule/rule-keys.ts";
import type { Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";

/** A host that routers need requests for. */
export interface RequiredHost {
  /** `app.example.com`, or `*.example.com` for all names below it. */
  host: string;
  /** What of its paths is needed; undefined stands for all of them. */
  paths: RuleKey["path"][];
  /** The routers that need it, in the order of the table. */
  routers: Router[];
}

const known = new WeakMap<Router, readonly RuleKey[]>();

/**
 * The hosts that a table's routers need, by name. A router that takes every host needs none: it serves what comes by
 * the hosts of others.
 */
export function requiredHosts({ routers }: Pick<Table, "routers">): RequiredHost[] {
  const hosts = new Map<string, RequiredHost>();
  for (const router of routers) {
    let keys = known.get(router);
    if (keys === undefined) {
      keys = ruleKeys(router.rule);
      known.set(router, keys);
    }
    for (const { host, path } of keys) {
      if (host === "") continue;
      const required = hosts.get(host);
      if (required === undefined) hosts.set(host, { host, paths: [path], routers: [router] });
      else {
        required.paths.push(path);
        if (required.routers.at(-1) !== router) required.routers.push(router);
      }
    }
  }
  return [...hosts.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
}
