import type { Endpoints } from "../table/service.ts";
import { chooseBucketCount } from "./bucket-count.ts";
import { fnv1a32 } from "./fnv1a32.ts";
import { fitsEndpointLeaf, packEndpoints } from "./leaf-draft.ts";
import { type Fragment, toFragment } from "./route-units.ts";

const ENDPOINT_BUCKETS = { leafBytes: 8 * 1024, minimum: 4, rootBytes: 20 * 1024 };

/**
 * Shards endpoints by their key into many small buckets, so that a Pod's coming and going rewrites one small leaf.
 * Of a Service with more endpoints than a leaf can hold the first are kept, ready ones before terminating ones, and
 * its key is named in `cut`.
 *
 * @param current the number of buckets before, kept while it fits
 */
export function placeEndpoints(
  endpoints: Readonly<Record<string, Endpoints>>,
  current: number | undefined,
): { buckets: string[][]; cut: string[] } {
  const cut: string[] = [];
  const items = Object.entries(endpoints).map(([key, value]) => {
    let entry = toFragment(key, value);
    if (!fitsEndpointLeaf(entry)) {
      cut.push(key);
      entry = cutToFit(key, value);
    }
    return { entry, hash: fnv1a32(key), bytes: entry.bytes };
  });
  const count = chooseBucketCount(items, ENDPOINT_BUCKETS, current);
  const buckets: Fragment[][] = Array.from({ length: count }, () => []);
  for (const { entry, hash } of items) buckets[hash & (count - 1)]?.push(entry);
  return { buckets: buckets.map(packEndpoints), cut: cut.sort() };
}

function cutToFit(key: string, value: Endpoints): Fragment {
  const ready = value.endpoints.filter(({ state }) => state === "ready");
  const ordered = [...ready, ...value.endpoints.filter(({ state }) => state !== "ready")];
  for (let kept = ordered.length >> 1; ; kept >>= 1) {
    const entry = toFragment(key, { ...value, endpoints: ordered.slice(0, kept) });
    if (kept === 0 || fitsEndpointLeaf(entry)) return entry;
  }
}
