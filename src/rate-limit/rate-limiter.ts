import { DurableObject } from "cloudflare:workers";
import { createSavedBucket, type SavedBucket } from "./saved-bucket.ts";
import { type Grant, type Limit, takeTokens } from "./token-bucket.ts";

/**
 * Counts the requests of one source against one limit, over all isolates. It is told the limit with each question, so a
 * new table needs no word to it.
 */
export class RateLimiter extends DurableObject {
  readonly #saved: SavedBucket = createSavedBucket({
    storage: this.ctx.storage,
    startTimer: (callback, ms) => setTimeout(callback, ms),
  });

  /** @param want as `takeTokens` takes it */
  take(limit: Limit, want: number): Grant {
    const now = Date.now();
    const grant = takeTokens(this.#saved.bucket(limit, now), limit, want, now);
    if (grant.granted > 0) this.#saved.changed(limit);
    return grant;
  }

  override alarm(): Promise<void> {
    return this.#saved.clean(Date.now());
  }
}
