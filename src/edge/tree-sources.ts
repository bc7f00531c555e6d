import type { ReadKeys } from "../admin/read-table.ts";
import type { WaitUntil } from "../exchange/exchange.ts";
import { type LastGoodCache, MAX_KEYS_PER_GET } from "../snapshot/tree-store.ts";

/**
 * Seconds that a data centre keeps what it read. Values never change, but a miss is kept as long, so it is the
 * least that KV takes twice over, not a year.
 */
const KV_CACHE_SECONDS = 60;

/** A week: what serves while KV cannot be read. */
const LAST_GOOD_SECONDS = 7 * 24 * 3600;

/** Reads keys from KV, as many at once as a bulk get takes. */
export function readKeys(kv: KVNamespace): ReadKeys {
  return async (keys) => {
    const options = { type: "text", cacheTtl: KV_CACHE_SECONDS } as const;
    const single = keys[0];
    if (keys.length === 1 && single !== undefined) return new Map([[single, await kv.get(single, options)]]);
    const batches: string[][] = [];
    for (let start = 0; start < keys.length; start += MAX_KEYS_PER_GET) {
      batches.push(keys.slice(start, start + MAX_KEYS_PER_GET));
    }
    const answers = await Promise.all(batches.map((batch) => kv.get(batch, options)));
    return new Map(answers.flatMap((answer) => [...answer]));
  };
}

/** Keeps what was read in the data centre's cache, for isolates that start while KV cannot be read. */
export function lastGoodCache(cache: Cache, waitUntil: WaitUntil): LastGoodCache {
  const url = (key: string) => `https://sluice.internal/last-good/${key}`;
  return {
    async get(key) {
      const response = await cache.match(url(key));
      return response?.text();
    },
    put(key, value) {
      const headers = { "Cache-Control": `max-age=${LAST_GOOD_SECONDS}` };
      waitUntil(cache.put(url(key), new Response(value, { headers })).catch(() => {}));
    },
  };
}
