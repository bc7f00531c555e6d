import { emptyTable } from "../table/empty-table.ts";
import { isEqual } from "../table/is-equal.ts";
import type { Root } from "../table/snapshot.ts";
import type { Table } from "../table/table.ts";
import { changesSince } from "../table/table-changes.ts";
import { TABLE_VERSION } from "../table/table-version.ts";
import { type Bucket, leavesOf } from "./bucket.ts";
import { canonicalJson, utf8Length } from "./canonical-json.ts";
import { leafHashes, leafKey, rootKey } from "./leaf-keys.ts";
import { PlacedEndpoints } from "./place-endpoints.ts";
import { PlacedRoutes } from "./place-routes.ts";
import { RouteUnits, type TooLarge } from "./route-units.ts";

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

/** What a leaf cannot hold: a router closed or left out, or endpoints beyond those that fit. */
export type PlanProblem = ({ code: "router-too-large" } & TooLarge) | { code: "endpoints-cut"; endpoints: string };

/**
 * Plans one table after another: what one has in common with the one before costs nothing again. Tables that
 * `applyChanges` has made of each other are not even compared.
 */
export interface Planner {
  plan(request: Omit<PlanRequest, "hash">): Plan;
}

/**
 * Turns a table into the leaves and the root that KV lacks. Equal tables give equal leaves in whatever order their
 * parts were made; the root also follows `current` (its predecessor, and the number of buckets while it fits).
 * Servers' transports are left out: they may carry keys, and only relays read them.
 */
export const plan = ({ hash, ...request }: PlanRequest): Plan => createPlanner({ hash }).plan(request);

export function createPlanner({ hash }: Pick<PlanRequest, "hash">): Planner {
  let planner = startPlanner(hash);
  return {
    plan(request) {
      try {
        return planner.plan(request);
      } catch (error) {
        // What was taken in half way is not to be built upon, nor to be taken for planned.
        planner = startPlanner(hash);
        throw error;
      }
    },
  };
}

function startPlanner(hash: PlanRequest["hash"]): Planner {
  const units = new RouteUnits();
  const routes = new PlacedRoutes(hash);
  const endpoints = new PlacedEndpoints(hash);
  let last = emptyTable();
  return {
    plan({ desired, publisher, current }) {
      const changes = changesSince(last, desired);
      last = desired;
      const { gone, come } = units.change(changes);
      routes.exchange(gone, come);
      endpoints.change(changes.endpoints);
      const routeBuckets = routes.place(current?.root);
      const endpointBuckets = endpoints.place(current?.root.endpoints.length);
      const { split } = routes;
      const rangeBuckets = split.flatMap(([, { leaves }]) => leaves);
      const root: Root = {
        version: TABLE_VERSION,
        publisher,
        entryPoints: desired.entryPoints,
        routes: routeBuckets.map(nameOf),
        wildcardLabels: routes.wildcardLabels,
        split: Object.fromEntries(
          split.map(([host, { from, leaves }]) => [host, { from: [...from], leaves: leaves.map(nameOf) }]),
        ),
        endpoints: endpointBuckets.map(nameOf),
      };
      const buckets = [...routeBuckets, ...rangeBuckets, ...endpointBuckets];
      const stats = statsOf([...routeBuckets, ...rangeBuckets], endpointBuckets);
      const problems = [
        ...units.tooLarge.map((problem) => ({ code: "router-too-large" as const, ...problem })),
        ...endpoints.cut.map((key) => ({ code: "endpoints-cut" as const, endpoints: key })),
      ];
      return { ...finish(root, buckets, current, stats, hash), problems };
    },
  };
}

function finish(
  root: Root,
  buckets: readonly Bucket[],
  current: PlanRequest["current"],
  stats: Plan["stats"],
  hash: (text: string) => string,
): Omit<Plan, "problems"> {
  const writes = new Map<string, string>();
  if (current !== undefined && isSameBesidePredecessor(root, current.root)) {
    const rootBytes = utf8Length(canonicalJson(current.root));
    return { rootHash: current.hash, root: current.root, writes, stats: { ...stats, rootBytes } };
  }
  if (current !== undefined) root.predecessor = current.hash;
  const rootText = canonicalJson(root);
  const rootHash = hash(rootText);
  const known = current === undefined ? new Set<string>() : namedLeaves(current.root);
  for (const bucket of buckets) {
    if (leafHashes(bucket.name).every((name) => known.has(name))) continue;
    for (const [name, text] of leavesOf(bucket)) if (!known.has(name)) writes.set(leafKey(name), text);
  }
  writes.set(rootKey(rootHash), rootText);
  return { rootHash, root, writes, stats: { ...stats, rootBytes: utf8Length(rootText) } };
}

function statsOf(routes: readonly Bucket[], endpoints: readonly Bucket[]): Plan["stats"] {
  const count = (buckets: readonly Bucket[]): number => new Set(buckets.flatMap(({ name }) => leafHashes(name))).size;
  const largestLeafBytes = [...routes, ...endpoints].reduce((most, bucket) => Math.max(most, bucket.largestBytes), 0);
  return { routeLeaves: count(routes), endpointLeaves: count(endpoints), largestLeafBytes, rootBytes: 0 };
}

const nameOf = ({ name }: Bucket): string => name;

/** @returns the hashes of all leaves that a root names */
export function namedLeaves(root: Root): Set<string> {
  const buckets = [...root.routes, ...Object.values(root.split).flatMap(({ leaves }) => leaves), ...root.endpoints];
  return new Set(buckets.flatMap(leafHashes));
}

const isSameBesidePredecessor = (a: Root, b: Root): boolean =>
  isEqual({ ...a, predecessor: undefined }, { ...b, predecessor: undefined });
