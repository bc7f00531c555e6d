import type { ObjectSource } from "../source/object-source.ts";

/**
 * Up to when every change in the cluster is known, in milliseconds since 1970: now while every kind is followed, else
 * when the server was last heard of for one that cannot be. Kinds that were never read (not served, not permitted, just
 * installed) do not count.
 */
export function freshAt(source: Pick<ObjectSource, "status">, now: number): number {
  return source
    .status()
    .reduce((oldest, { state, heardAt }) => (state === "stale" ? Math.min(oldest, heardAt ?? 0) : oldest), now);
}
