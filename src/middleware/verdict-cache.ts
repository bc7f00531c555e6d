/** Verdicts on credentials, remembered, since to judge them anew for each request would cost more than all else. */
export interface VerdictCache {
  /**
   * What `judge` says of these texts, or has said of the same ones before.
   *
   * @param texts all that the verdict depends on
   */
  check(texts: readonly string[], judge: () => Promise<boolean>): Promise<boolean>;
}

export interface VerdictCacheOptions {
  /** Random, and this isolate's own: memory that leaks tells no passwords, not even to who can guess. */
  key: () => Uint8Array<ArrayBuffer>;
  /** Verdicts kept of each kind: refused ones apart, so that guessing pushes no good one out. */
  maxEntries?: number;
}

export function createVerdictCache({ key, maxEntries = 4096 }: VerdictCacheOptions): VerdictCache {
  let hmacKey: Awaited<ReturnType<typeof importKey>> | undefined;
  const known = { accepted: new Set<string>(), refused: new Set<string>() };

  return {
    async check(texts, judge) {
      hmacKey ??= await importKey(key());
      const text = new TextEncoder().encode(JSON.stringify(texts));
      const digest = String.fromCharCode(...new Uint8Array(await crypto.subtle.sign("HMAC", hmacKey, text)));
      if (known.accepted.has(digest)) return true;
      if (known.refused.has(digest)) return false;
      const verdict = await judge();
      keep(verdict ? known.accepted : known.refused, digest, maxEntries);
      return verdict;
    },
  };
}

const importKey = (bytes: Uint8Array<ArrayBuffer>) =>
  crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

/** Adds to a bounded set; what was added longest ago makes room. */
function keep(set: Set<string>, entry: string, maxEntries: number): void {
  if (set.size >= maxEntries) {
    const oldest = set.values().next();
    if (!oldest.done) set.delete(oldest.value);
  }
  set.add(entry);
}
