import { type Bucket, fullBucket, type Limit, untilFull } from "./token-bucket.ts";

/** The part of a Durable Object's storage that is used. */
export interface BucketStorage {
  readonly kv: { get(key: string): unknown; put(key: string, value: SavedState): void };
  setAlarm(at: number): Promise<void>;
  deleteAll(): Promise<void>;
}

interface SavedState extends Bucket {
  /** When it is full again, in milliseconds since the epoch: then there is nothing to remember. */
  fullAt: number;
}

/** A bucket that outlives its object's memory. */
export interface SavedBucket {
  /** As it was left; full where nothing was saved. */
  bucket(limit: Limit, now: number): Bucket;
  /** Says that it has changed. */
  changed(limit: Limit): void;
  /** Forgets a bucket that is full again; else comes back when it is. */
  clean(now: number): Promise<void>;
}

const KEY = "bucket";
/** An object that nobody asks is taken out of memory after ten seconds: a bucket that is full by then loses nothing. */
const IDLE_MS = 10_000;
const SAVE_PAUSE_MS = 1000;

/**
 * Keeps a bucket in memory and saves it at most once a second, and not at all when it fills up before its object would
 * be forgotten. An object that dies forgets what was counted in its last second, or a bucket that was not worth saving.
 */
export function createSavedBucket({
  storage,
  startTimer,
}: {
  storage: BucketStorage;
  startTimer: (callback: () => void, ms: number) => void;
}): SavedBucket {
  let bucket: Bucket | undefined;
  let isSaveDue = false;
  let hasAlarm = false;

  function save(current: Bucket, limit: Limit): void {
    isSaveDue = false;
    const state = { ...current, fullAt: current.at + untilFull(current, limit) };
    storage.kv.put(KEY, state);
    if (hasAlarm) return;
    hasAlarm = true;
    void storage.setAlarm(state.fullAt);
  }

  return {
    bucket(limit, now) {
      bucket ??= readState(storage) ?? fullBucket(limit, now);
      return bucket;
    },
    changed(limit) {
      const current = bucket;
      if (current === undefined || isSaveDue || untilFull(current, limit) < IDLE_MS) return;
      isSaveDue = true;
      startTimer(() => save(current, limit), SAVE_PAUSE_MS);
    },
    async clean(now) {
      hasAlarm = false;
      const state = readState(storage);
      if (state === undefined) return;
      if (now >= state.fullAt) {
        await storage.deleteAll();
        return;
      }
      hasAlarm = true;
      await storage.setAlarm(state.fullAt);
    },
  };
}

/** Only `save` writes under this key. */
function readState(storage: BucketStorage): SavedState | undefined {
  return storage.kv.get(KEY) as SavedState | undefined;
}
