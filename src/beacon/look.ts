import * as z from "zod/mini";
import { pointerKey } from "../snapshot/leaf-keys.ts";
import { type Pointer, pointerSchema } from "../table/snapshot.ts";

/** A part of the Cache API: `caches.default`. */
export interface ResponseCache {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
}

export interface LookSources {
  publisher: string;
  /** The publisher's Durable Object. Without it KV is asked. */
  beacon?: { current(): Promise<Pointer | null> } | undefined;
  kv: { get(key: string, options: { cacheTtl: number }): Promise<string | null> };
  /** The data centre's cache; left out on a laptop, where each look goes to the source. */
  cache?: ResponseCache | undefined;
}

/** How long an answer of the beacon serves all isolates of a data centre. */
const CACHE_SECONDS = 1;
/** The least that KV takes. */
const KV_CACHE_SECONDS = 30;

const answerSchema = z.nullable(pointerSchema);

/**
 * Looks where the pointer is: in the data centre's cache, else at the beacon, else (without a beacon) in KV. A cache
 * that fails counts as empty.
 *
 * @returns null when the publisher has published nothing yet
 * @throws what the beacon or KV throws, and an Error for an answer that is no pointer
 */
export async function lookForPointer({ publisher, beacon, kv, cache }: LookSources): Promise<Pointer | null> {
  if (beacon === undefined) {
    const text = await kv.get(pointerKey(publisher), { cacheTtl: KV_CACHE_SECONDS });
    return text === null ? null : answerSchema.parse(JSON.parse(text));
  }
  const url = `https://sluice.internal/${encodeURIComponent(publisher)}/pointer`;
  const cached = await cache
    ?.match(url)
    .then((response) => response?.json())
    .catch(() => undefined);
  const parsed = answerSchema.safeParse(cached);
  if (parsed.success) return parsed.data;
  const pointer = answerSchema.parse(await beacon.current());
  const headers = { "Cache-Control": `max-age=${CACHE_SECONDS}`, "Content-Type": "application/json" };
  await cache?.put(url, new Response(JSON.stringify(pointer), { headers })).catch(() => undefined);
  return pointer;
}

/**
 * @param startTimer calls back after some milliseconds, and returns what stops it
 * @returns what `work` gives, or undefined once `waitMs` have passed; the work goes on
 */
export function waitAtMost<T>(
  work: Promise<T>,
  waitMs: number,
  startTimer: (callback: () => void, ms: number) => () => void,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stopTimer = startTimer(() => resolve(undefined), waitMs);
    work.finally(stopTimer).then(resolve, reject);
  });
}
