import type Cloudflare from "cloudflare";
import type { StoredKey } from "../../src/snapshot/garbage.ts";
import { PublishError, toPublishError } from "./publish-error.ts";
import type { RequestBudget } from "./request-budget.ts";
import { toStoredKey } from "./stored-key.ts";

/** A KV namespace by Cloudflare's REST API. Each call rejects with a PublishError. */
export interface RestKv {
  get(keys: readonly string[]): Promise<Map<string, string | null>>;
  /**
   * @param metadata stands beside each value
   * @param onWritten called with keys as they are written, also when the whole fails later
   */
  put(
    writes: ReadonlyMap<string, string>,
    metadata: object,
    onWritten?: (keys: readonly string[]) => void,
  ): Promise<void>;
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
  /** How long one answer may take, with all of its body. */
  timeoutMs?: number;
}

/** https://developers.cloudflare.com/kv/platform/limits/ */
const MAX_PAIRS = 10_000;
/**
 * Cloudflare takes 100 MB. A request's text is in memory two or three times while it is sent, so that the first publish
 * of a large cluster would be what takes most memory of all; this many cost some requests of a thousand.
 */
const MAX_BODY_BYTES = 4 * 1000 * 1000;
const MAX_KEYS_PER_GET = 100;
const LIST_PAGE = 1_000;
const TIMEOUT_MS = 60_000;
const LONGEST_PAUSE_MS = 30_000;

export function createRestKv(options: RestKvOptions): RestKv {
  const { client, accountId: account_id, namespaceId, budget, signal, random, sleep } = options;
  const { firstPauseMs = 250, tries = 5, timeoutMs = TIMEOUT_MS } = options;
  const namespaces = client.kv.namespaces;

  /** One try. The client's own timeout ends with the headers, and an answer may stop in the middle of its body. */
  const ask = async <T>(what: string, request: (options: Cloudflare.RequestOptions) => PromiseLike<T>): Promise<T> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      return await request({ signal: AbortSignal.any([signal, deadline]), timeout: timeoutMs, maxRetries: 0 });
    } catch (error) {
      if (!deadline.aborted || signal.aborted) throw toPublishError(error, what);
      const message = `${what}: Cloudflare has not answered within ${timeoutMs / 1000} s`;
      throw new PublishError("transient", message, { cause: error });
    }
  };

  /** Tries again what may pass, with full jitter: others that failed at the same moment should not meet again. */
  const call = async <T>(what: string, request: (options: Cloudflare.RequestOptions) => PromiseLike<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      await budget.acquire(signal);
      try {
        return await ask(what, request);
      } catch (error) {
        if (!(error instanceof PublishError)) throw error;
        const { code, status, retryAfterMs = 0 } = error;
        if (status === 429) budget.pause(error.retryAfterMs);
        if (code === "fatal" || attempt >= tries || signal.aborted) throw error;
        const pause = Math.min(firstPauseMs * 2 ** attempt, LONGEST_PAUSE_MS);
        await sleep(Math.max(retryAfterMs, pause * random()), signal);
      }
    }
  };

  const putBatch = async (pairs: readonly Pair[], onWritten: (keys: readonly string[]) => void): Promise<void> => {
    let left = pairs;
    for (let attempt = 1; left.length > 0; attempt++) {
      const body = [...left];
      const answer = await call("writing to KV", (request) =>
        namespaces.bulkUpdate(namespaceId, { account_id, body }, request),
      );
      const failed = new Set(answer?.unsuccessful_keys ?? []);
      onWritten(left.filter(({ key }) => !failed.has(key)).map(({ key }) => key));
      left = left.filter(({ key }) => failed.has(key));
      if (left.length > 0 && attempt >= tries) {
        throw new PublishError("transient", `writing to KV: ${left.length} of ${pairs.length} keys were not written`);
      }
      // A key takes one write a second; what failed for another reason gains by the pause as well.
      if (left.length > 0) await sleep(1_000 + firstPauseMs * random(), signal);
    }
  };

  const getBatch = async (keys: readonly string[]): Promise<Map<string, string | null>> => {
    const answer = await call("reading from KV", (request) =>
      namespaces.bulkGet(namespaceId, { account_id, keys: [...keys], type: "text" }, request),
    );
    const values: Record<string, unknown> = answer?.values ?? {};
    return new Map(
      keys.map((key) => {
        const value = Object.hasOwn(values, key) ? values[key] : undefined;
        return [key, typeof value === "string" ? value : null];
      }),
    );
  };

  return {
    async get(keys) {
      const found = new Map<string, string | null>();
      for (let start = 0; start < keys.length; start += MAX_KEYS_PER_GET) {
        const batch = keys.slice(start, start + MAX_KEYS_PER_GET);
        await inParts(batch, async (asked) => {
          for (const [key, value] of await getBatch(asked)) found.set(key, value);
        });
      }
      return found;
    },
    async put(writes, metadata, onWritten = () => {}) {
      for (const batch of intoBatches(writes, metadata)) await inParts(batch, (pairs) => putBatch(pairs, onWritten));
    },
    async list(prefix) {
      const keys: StoredKey[] = [];
      let cursor: string | undefined;
      for (;;) {
        const query = { account_id, prefix, limit: LIST_PAGE, ...(cursor !== undefined && { cursor }) };
        const page = await call("listing KV", (request) => namespaces.keys.list(namespaceId, query, request));
        for (const { name, metadata } of page.result) keys.push(toStoredKey(name, metadata));
        // A page may be empty and not be the last: many keys have just been deleted.
        const next = page.result_info.cursor;
        if (!next || next === cursor) return keys;
        cursor = next;
      }
    },
    async delete(keys) {
      for (let start = 0; start < keys.length; start += MAX_PAIRS) {
        const body = keys.slice(start, start + MAX_PAIRS);
        await call("deleting from KV", (request) => namespaces.bulkDelete(namespaceId, { account_id, body }, request));
      }
    },
  };
}

/** Takes a step for all items at once, or for halves of them where that is too much for the API. */
async function inParts<T>(items: readonly T[], step: (items: readonly T[]) => Promise<void>): Promise<void> {
  try {
    await step(items);
  } catch (error) {
    if (!(error instanceof PublishError && error.status === 413) || items.length < 2) throw error;
    const middle = Math.ceil(items.length / 2);
    await inParts(items.slice(0, middle), step);
    await inParts(items.slice(middle), step);
  }
}

interface Pair {
  key: string;
  value: string;
  metadata: object;
}

function* intoBatches(writes: ReadonlyMap<string, string>, metadata: object): Generator<Pair[]> {
  const around = JSON.stringify({ key: "", value: "", metadata }).length + 1;
  let batch: Pair[] = [];
  let bytes = 0;
  for (const [key, value] of writes) {
    const pair = { key, value, metadata };
    const size = jsonBytes(key) + jsonBytes(value) + around;
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

/** How long a text is as JSON at most, without its quotes. */
function jsonBytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20) bytes += 5;
    else if (code === QUOTE || code === BACKSLASH) bytes += 1;
    // A surrogate without its other half is written as an escape.
    else if (code >= 0x80) bytes += code < 0x800 ? 1 : code >= 0xd800 && code < 0xe000 ? 5 : 2;
  }
  return bytes;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
