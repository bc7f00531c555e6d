import { withoutTrailingDot } from "../rule/canonical-host.ts";
import type { Root } from "../table/snapshot.ts";
import { fnv1a32 } from "./fnv1a32.ts";
import { findRange } from "./split-host.ts";

/** A root made ready to be asked for buckets. */
export interface RootIndex {
  readonly root: Root;
  readonly split: ReadonlyMap<string, { readonly from: readonly string[]; readonly leaves: readonly string[] }>;
}

const WILDCARD = "*.";
const WILDCARD_STATE = fnv1a32(WILDCARD);
const HOSTLESS_HASH = fnv1a32("");

export function indexRoot(root: Root): RootIndex {
  // A map, since a host is a client's word: it may be `constructor`.
  return { root, split: new Map(Object.entries(root.split)) };
}

/**
 * The buckets that hold every router whose rule can match a request: those of its host, of each wildcard above it
 * that the table may have, and of host-less routes; none is empty, none occurs twice.
 *
 * @param host in the form of `RequestFacts.host`
 * @param path the routing path
 */
export function findRouteBuckets(index: RootIndex, host: string, path: string): string[] {
  const { root, split } = index;
  const name = withoutTrailingDot(host);
  const found: string[] = [];
  addBucket(found, root.routes, fnv1a32(name));
  if (name !== "") addBucket(found, root.routes, HOSTLESS_HASH);
  if (split.size > 0) {
    addRange(found, split.get(name), path);
    if (name !== "") addRange(found, split.get(""), path);
  }
  if (root.wildcardLabels.length > 0) {
    let labels = 0;
    for (let dot = name.lastIndexOf("."); dot >= 0; dot = name.lastIndexOf(".", dot - 1)) {
      labels++;
      if (root.wildcardLabels.includes(labels)) {
        addBucket(found, root.routes, fnv1a32(name, dot + 1, WILDCARD_STATE));
        if (split.size > 0) addRange(found, split.get(WILDCARD + name.slice(dot + 1)), path);
      }
      if (dot === 0) break;
    }
  }
  return found;
}

/** The bucket that holds the endpoints of a key, empty when there is none. */
export function findEndpointBucket(root: Root, key: string): string {
  return root.endpoints[fnv1a32(key) & (root.endpoints.length - 1)] ?? "";
}

function addBucket(found: string[], buckets: readonly string[], hash: number): void {
  add(found, buckets[hash & (buckets.length - 1)]);
}

function addRange(
  found: string[],
  split: { readonly from: readonly string[]; readonly leaves: readonly string[] } | undefined,
  path: string,
): void {
  if (split !== undefined) add(found, split.leaves[findRange(split.from, path)]);
}

function add(found: string[], bucket: string | undefined): void {
  if (bucket !== undefined && bucket !== "" && !found.includes(bucket)) found.push(bucket);
}
