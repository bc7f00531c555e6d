import type Cloudflare from "cloudflare";
import type { StoredKey } from "../../src/snapshot/garbage.ts";
import { PublishError, toPublishError } from "./publish-error.ts";
import type { RequestBudget } from "./request-budget.ts";
import { toStoredKey } from "./stored-key.ts";

/** A KV namespace by Cloudflare's REST API. Each call rejects with a PublishError. */
export interface RestKv {
  get(keys: readonly string[]): Promise<Map<string, string | null>>;
  /** @param metadata stands beside each value */
  put(writes: ReadonlyMap<string, string>, metadata: object): Promise<void>;
  list(prefix: string): Promise<StoredKey[]>;
  delete(keys: readonly string[]): Promise<void>;
}

export interface RestKvOptions {
  client: Cloudflare;
  accountId: string;
  namespaceId: string;
  budget: RequestBudget;
  signal: AbortSignal;
  /** In [0, 1). */
  random: () => number;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The first pause after a failure, doubled each time; and the tries in all. */
  firstPauseMs?: number;
  tries?: number;
}

/** https://developers.cloudflare.com/kv/platform/limits/, with room for what JSON adds to a value. */
const MAX_PAIRS = 10_000;
const MAX_BODY_BYTES = 90 * 1000 * 1000;
const MAX_KEYS_PER_GET = 100;
const LIST_PAGE = 1_000;
const CALL_TIMEOUT_MS = 60_000;
const LONGEST_PAUSE_MS = 30_000;

export function createRestKv(options: RestKvOptions): RestKv {
  const { client, accountId: account_id, namespaceId, budget, signal, random, sleep } = options;
  const { firstPauseMs = 250, tries = 5 } = options;
  const namespaces = client.kv.namespaces;
  const settings = { signal, timeout: CALL_TIMEOUT_MS, maxRetries: 0 };

  /** Tries again what may pass, with full jitter: others that failed at the same moment should not meet again. */
  const call = async <T>(what: string, request: () => PromiseLike<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      await budget.acquire(signal);
      try {
        return await request();
      } catch (error) {
        const failure = toPublishError(error, what);
        if (failure.code === "fatal" || attempt >= tries || signal.aborted) throw failure;
        const pause = Math.min(firstPauseMs * 2 ** attempt, LONGEST_PAUSE_MS);
        await sleep(Math.max(failure.retryAfterMs ?? 0, pause * random()), signal);
      }
    }
  };

  const putBatch = async (pairs: Pair[]): Promise<void> => {
    let left = pairs;
    for (let attempt = 1; left.length > 0; attempt++) {
      const body = left;
      const answer = await call("writing to KV", () =>
        namespaces.bulkUpdate(namespaceId, { account_id, body }, settings),
      );
      const failed = new Set(answer?.unsuccessful_keys ?? []);
      left = left.filter(({ key }) => failed.has(key));
      if (left.length > 0 && attempt >= tries) {
        throw new PublishError("transient", `writing to KV: ${left.length} of ${pairs.length} keys were not written`);
      }
      // A key takes one write a second; what failed for another reason gains by the pause as well.
      if (left.length > 0) await sleep(1_000 + firstPauseMs * random(), signal);
    }
  };

  return {
    async get(keys) {
      const found = new Map<string, string | null>();
      for (let start = 0; start < keys.length; start += MAX_KEYS_PER_GET) {
        const asked = keys.slice(start, start + MAX_KEYS_PER_GET);
        const answer = await call("reading from KV", () =>
          namespaces.bulkGet(namespaceId, { account_id, keys: asked, type: "text" }, settings),
        );
        const values: Record<string, unknown> = answer?.values ?? {};
        for (const key of asked) {
          const value = Object.hasOwn(values, key) ? values[key] : undefined;
          found.set(key, typeof value === "string" ? value : null);
        }
      }
      return found;
    },
    async put(writes, metadata) {
      for (const batch of intoBatches(writes, metadata)) await putBatch(batch);
    },
    async list(prefix) {
      const keys: StoredKey[] = [];
      const query = { account_id, prefix, limit: LIST_PAGE };
      let page = await call("listing KV", () => namespaces.keys.list(namespaceId, query, settings));
      for (;;) {
        for (const { name, metadata } of page.result) keys.push(toStoredKey(name, metadata));
        if (page.result.length === 0 || !page.hasNextPage()) return keys;
        const current = page;
        page = await call("listing KV", () => current.getNextPage());
      }
    },
    async delete(keys) {
      for (let start = 0; start < keys.length; start += MAX_PAIRS) {
        const body = keys.slice(start, start + MAX_PAIRS);
        await call("deleting from KV", () => namespaces.bulkDelete(namespaceId, { account_id, body }, settings));
      }
    },
  };
}

interface Pair {
  key: string;
  value: string;
  metadata: object;
}

function* intoBatches(writes: ReadonlyMap<string, string>, metadata: object): Generator<Pair[]> {
  let batch: Pair[] = [];
  let bytes = 0;
  for (const [key, value] of writes) {
    const pair = { key, value, metadata };
    const size = Buffer.byteLength(JSON.stringify(pair)) + 1;
    if (batch.length === MAX_PAIRS || (bytes + size > MAX_BODY_BYTES && batch.length > 0)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(pair);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
