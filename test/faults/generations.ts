import { plan } from "../../src/snapshot/plan.ts";
import type { Choose } from "../../src/snapshot/snapshot-reader.ts";
import type { Pointer, Root, RouteLeaf } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeLoadBalancer, makeRouter, makeTable } from "../snapshot/make-table.ts";

export const HOSTS = ["a.example.com", "b.example.com", "c.example.com", "d.example.org", "e.example.org"];
const ENDPOINT_KEYS = ["ep-0", "ep-1", "ep-2", "ep-3"];

/** What one generation says: for each host a text and the endpoints it uses, for each endpoints key an address. */
export interface Generation {
  pointer: Pointer;
  root: Root;
  writes: ReadonlyMap<string, string>;
  hosts: ReadonlyMap<string, { text: string; endpoints: string }>;
  addresses: ReadonlyMap<string, string>;
}

/** Hosts and endpoints keys that a new generation changes, as bits. */
export interface Change {
  hosts: number;
  endpoints: number;
}

/**
 * The next generation: what it changes carries its number, what it does not keeps the number of the generation that
 * changed it last. So an answer tells which generations it is made of, and unchanged leaves are shared.
 */
export function nextGeneration(previous: Generation | undefined, change: Change): Generation {
  const generation = (previous?.pointer.generation ?? 0) + 1;
  const hosts = new Map(previous?.hosts);
  for (const [position, host] of HOSTS.entries()) {
    if (hosts.has(host) && ((change.hosts >> position) & 1) === 0) continue;
    const endpoints = ENDPOINT_KEYS[(position + generation) % ENDPOINT_KEYS.length] ?? "";
    hosts.set(host, { text: `${host} of generation ${generation}`, endpoints });
  }
  const addresses = new Map(previous?.addresses);
  for (const [position, key] of ENDPOINT_KEYS.entries()) {
    if (addresses.has(key) && ((change.endpoints >> position) & 1) === 0) continue;
    addresses.set(key, `10.0.0.${generation}`);
  }
  const table: Table = {
    ...makeTable(
      [...hosts].map(([host, { text }]) => makeRouter(host, hostRule(host), { ruleText: text, service: host })),
    ),
    services: Object.fromEntries([...hosts].map(([host, { endpoints }]) => [host, makeLoadBalancer(endpoints)])),
    endpoints: Object.fromEntries(
      [...addresses].map(([key, address]) => [key, { endpoints: [{ address, port: 80, state: "ready" as const }] }]),
    ),
  };
  const { root, rootHash, writes } = plan({
    desired: table,
    publisher: "test",
    current: previous && { hash: previous.pointer.root, root: previous.root },
    hash: contentHash,
  });
  return { pointer: { publisher: "test", epoch: 1, generation, root: rootHash }, root, writes, hosts, addresses };
}

/** Matches by host alone: the router's text, and the endpoints key that its service names. */
export const chooseByHost =
  (host: string): Choose<RouteLeaf, { text: string; endpoints: string } | undefined> =>
  (leaves) => {
    for (const leaf of leaves) {
      const router = leaf.routers.find(({ name }) => name === host);
      const service = leaf.services[host];
      if (router === undefined || service?.type !== "loadBalancer") continue;
      return { value: { text: router.ruleText, endpoints: service.endpoints }, endpoints: [service.endpoints] };
    }
    return { value: undefined, endpoints: [] };
  };
