import type { Root } from "../table/snapshot.ts";
import { TABLE_VERSION, type Table } from "../table/table.ts";
import { canonicalJson, utf8Length } from "./canonical-json.ts";
import { fitsRouteLeaf } from "./leaf-draft.ts";
import { leafHashes, leafKey, rootKey } from "./leaf-keys.ts";
import { placeEndpoints } from "./place-endpoints.ts";
import { placeRoutes } from "./place-routes.ts";
import { createRouteUnits } from "./route-units.ts";

export interface PlanRequest {
  desired: Table;
  /** The publisher's name (a cluster). */
  publisher: string;
  /** The root that KV has now. */
  current?: { hash: string; root: Root } | undefined;
  /** @returns the content hash of a text: the first 96 bits of its SHA-256 as 16 characters of base64url */
  hash: (text: string) => string;
}

export interface Plan {
  rootHash: string;
  root: Root;
  /** KV's keys and values that `current` does not name already, the root last. Empty when nothing changed. */
  writes: Map<string, string>;
  stats: { routeLeaves: number; endpointLeaves: number; rootBytes: number; largestLeafBytes: number };
  problems: PlanProblem[];
}

/** What a leaf cannot hold: a router left out, or endpoints beyond those that fit. */
export type PlanProblem =
  | { code: "router-too-large"; router: string; bytes: number }
  | { code: "endpoints-cut"; endpoints: string };

/**
 * Turns a table into the leaves and the root that KV lacks. Equal tables give equal leaves in whatever order their
 * parts were made; the root also follows `current` (its predecessor, and the number of buckets while it fits).
 * Servers' transports are left out: they may carry keys, and only relays read them.
 */
export function plan({ desired, publisher, current, hash }: PlanRequest): Plan {
  const problems: PlanProblem[] = [];
  const units = createRouteUnits(desired).filter((unit) => {
    if (fitsRouteLeaf(unit)) return true;
    const bytes = [...unit.services, ...unit.middlewares].reduce((sum, fragment) => sum + fragment.bytes, unit.bytes);
    problems.push({ code: "router-too-large", router: unit.router.name, bytes });
    return false;
  });
  const routes = placeRoutes(units, current?.root);
  const endpoints = placeEndpoints(desired.endpoints, current?.root.endpoints.length);
  for (const key of endpoints.cut) problems.push({ code: "endpoints-cut", endpoints: key });

  const leaves = new Map<string, string>();
  const toBucket = (texts: readonly string[]): string =>
    texts
      .map((text) => {
        const name = hash(text);
        leaves.set(name, text);
        return name;
      })
      .join("");
  const root: Root = {
    version: TABLE_VERSION,
    publisher,
    entryPoints: desired.entryPoints,
    routes: routes.buckets.map(toBucket),
    wildcardLabels: routes.wildcardLabels,
    split: Object.fromEntries(
      [...routes.split].map(([host, { from, leaves }]) => [host, { from, leaves: leaves.map(toBucket) }]),
    ),
    endpoints: [],
  };
  const routeLeaves = leaves.size;
  root.endpoints = endpoints.buckets.map(toBucket);

  const stats = { routeLeaves, endpointLeaves: leaves.size - routeLeaves, largestLeafBytes: 0, rootBytes: 0 };
  for (const text of leaves.values()) stats.largestLeafBytes = Math.max(stats.largestLeafBytes, utf8Length(text));
  if (current !== undefined && isSameBesidePredecessor(root, current.root)) {
    stats.rootBytes = utf8Length(canonicalJson(current.root));
    return { rootHash: current.hash, root: current.root, writes: new Map(), stats, problems };
  }

  if (current !== undefined) root.predecessor = current.hash;
  const rootText = canonicalJson(root);
  const rootHash = hash(rootText);
  stats.rootBytes = utf8Length(rootText);
  const known = current === undefined ? new Set<string>() : namedLeaves(current.root);
  const writes = new Map<string, string>();
  for (const [name, text] of leaves) if (!known.has(name)) writes.set(leafKey(name), text);
  writes.set(rootKey(rootHash), rootText);
  return { rootHash, root, writes, stats, problems };
}

/** @returns the hashes of all leaves that a root names */
export function namedLeaves(root: Root): Set<string> {
  const buckets = [...root.routes, ...Object.values(root.split).flatMap(({ leaves }) => leaves), ...root.endpoints];
  return new Set(buckets.flatMap(leafHashes));
}

function isSameBesidePredecessor(a: Root, b: Root): boolean {
  return canonicalJson({ ...a, predecessor: undefined }) === canonicalJson({ ...b, predecessor: undefined });
}
