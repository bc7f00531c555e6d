import type { KvBacking } from "../doubles/cloudflare-api/cloudflare-api.ts";

/** A KV whose writes show late where the Worker reads, and at once where they were made. */
export interface LateKv {
  /** For the REST API: reads its own writes. */
  readonly backing: KvBacking;
  /** The longest that a write takes to show, in milliseconds; each takes some share of it. */
  setLateness(maxMs: number): void;
  /** Forgets what does not show yet. */
  close(): void;
}

const SHOW_AGAIN_MS = 100;

/**
 * As KV's documentation has it: "changes may take up to 60 seconds to be visible in other locations", each key on its
 * own, so that a newer one may show before an older.
 */
export function createLateKv(shown: KvBacking, random: () => number): LateKv {
  const hidden = new Map<string, { value: string; timer: NodeJS.Timeout }>();
  let maxMs = 0;
  return {
    backing: {
      get: async (key) => hidden.get(key)?.value ?? shown.get(key),
      async put(key, value, options) {
        clearTimeout(hidden.get(key)?.timer);
        if (maxMs === 0) {
          hidden.delete(key);
          return shown.put(key, value, options);
        }
        // The way to the KV inside the runtime may fail; what was accepted shows all the same, only later.
        const show = (): void => {
          const tried = hidden.get(key);
          // The runtime throws at once, instead of rejecting, when it is gone.
          const put = async (): Promise<void> => shown.put(key, value, options);
          put().then(
            () => hidden.get(key) === tried && hidden.delete(key),
            () => hidden.get(key) === tried && hidden.set(key, { value, timer: setTimeout(show, SHOW_AGAIN_MS) }),
          );
        };
        hidden.set(key, { value, timer: setTimeout(show, random() * maxMs) });
      },
      list: (options) => shown.list(options),
      async delete(key) {
        clearTimeout(hidden.get(key)?.timer);
        hidden.delete(key);
        await shown.delete(key);
      },
    },
    setLateness(ms) {
      maxMs = ms;
    },
    close() {
      for (const { timer } of hidden.values()) clearTimeout(timer);
      hidden.clear();
    },
  };
}
