import { hashSource } from "./hash-source.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { AskForTokens } from "./rate-limits.ts";

/**
 * Asks the Durable Object of a source, which the limit's name and the source's hash name: nobody can read there whom it
 * counts. A stub belongs to the request that made it, so each question makes its own.
 */
export const createAsk =
  (namespace: DurableObjectNamespace<RateLimiter>, publisher: string): AskForTokens =>
  async (name, source, limit, want) => {
    const id = namespace.idFromName(JSON.stringify([publisher, name, await hashSource(source)]));
    return namespace.get(id).take(limit, want);
  };
