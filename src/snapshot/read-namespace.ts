import type { TreeKv } from "./tree-store.ts";

/** The part of a KV namespace binding that a reader needs. */
export interface BulkReadableNamespace {
  get(keys: string[], options: { type: "text"; cacheTtl: number }): Promise<ReadonlyMap<string, string | null>>;
}

/**
 * How long a data centre keeps a key, also that it is missing: an immutable leaf could stay for ever, but a miss
 * must not.
 */
const CACHE_SECONDS = 60;

/**
 * The tree in a KV namespace.
 *
 * @param timeoutMs after which a read that has not ended counts as failed, so that requests fall back to the last
 *   good table
 * @param startTimer calls back after some milliseconds, and returns what stops it
 */
export function readNamespace(
  namespace: BulkReadableNamespace,
  timeoutMs: number,
  startTimer: (callback: () => void, ms: number) => () => void,
): TreeKv {
  return {
    get: (keys) =>
      new Promise((resolve, reject) => {
        const stopTimer = startTimer(() => reject(new Error(`KV did not answer within ${timeoutMs} ms`)), timeoutMs);
        namespace
          .get([...keys], { type: "text", cacheTtl: CACHE_SECONDS })
          .finally(stopTimer)
          .then(resolve, reject);
      }),
  };
}
