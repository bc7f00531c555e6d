import type { NetConnectOpts } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { followSvids, PERMISSION_DENIED, WorkloadApiError } from "./follow-svids.ts";
import { readSvidResponse } from "./read-svid-response.ts";
import { isSameIdentity, type SpiffeIdentity } from "./spiffe-identity.ts";

export interface SvidSourceOptions {
  endpoint: NetConnectOpts;
  /** Milliseconds since 1970. */
  now: () => number;
  /** In [0, 1). */
  random: () => number;
  log: (level: "info" | "warn", message: string, fields: object) => void;
  /** The first and the longest pause between two calls. */
  pauseMs?: { first: number; longest: number };
  /** How long the first answer of a call may take. */
  answerMs?: number;
}

/** Where the relay's identity comes from. */
export interface SvidSource {
  /** The newest that has not ended. It is the same object for as long as it says the same. */
  current(): SpiffeIdentity | undefined;
  /** Tells of each time that it is another one, or none any more. @returns what ends that */
  onChange(listener: () => void): () => void;
  /** Resolves when the first call was answered, or failed. */
  settled(): Promise<void>;
  /** How often an identity came, and how often a call failed. */
  stats(): { updates: number; failures: number };
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const ANSWER_MS = 10_000;
/** Timers count to no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Follows the Workload API for as long as it is open: an identity is used until the next one comes, the API says that
 * there is none any more, or it ends. The API sends the next one long before; when it has not at three quarters of the
 * time, it is asked anew, since it may have been lost without a word.
 */
export function startSvidSource(options: SvidSourceOptions): SvidSource {
  const { endpoint, now, random, log, answerMs = ANSWER_MS } = options;
  const { first, longest } = options.pauseMs ?? { first: FIRST_PAUSE_MS, longest: LONGEST_PAUSE_MS };
  const closing = new AbortController();
  const settled = Promise.withResolvers<void>();
  let identity: SpiffeIdentity | undefined;
  let [updates, failures] = [0, 0];
  let lastWords = "";
  let endTimer: NodeJS.Timeout | undefined;
  const listeners = new Set<() => void>();

  const become = (next: SpiffeIdentity | undefined): void => {
    identity = next;
    watchEnd();
    tell();
  };
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  /** A timer may be early, and none is long enough for years. */
  const watchEnd = (): void => {
    clearTimeout(endTimer);
    const leftMs = identity === undefined ? 0 : identity.expiresAt - now();
    if (leftMs > 0) endTimer = setTimeout(onTimer, Math.min(leftMs, LONGEST_TIMER_MS)).unref();
  };
  const onTimer = (): void => {
    if (identity !== undefined && identity.expiresAt > now()) watchEnd();
    else tell();
  };

  const warn = (message: string, error: unknown): void => {
    failures++;
    const reason = error instanceof Error ? error.message : String(error);
    if (lastWords !== reason) log("warn", message, { reason });
    lastWords = reason;
  };

  /** @returns whether it was answered */
  const follow = async (): Promise<boolean> => {
    let isAnswered = false;
    const patience = new AbortController();
    const ended = AbortSignal.any([closing.signal, patience.signal]);
    const giveUp = (): void => patience.abort();
    let timer = setTimeout(giveUp, answerMs);
    const take = (message: Buffer): void => {
      // What the call had still in store when it was given up is the next one's to tell.
      if (ended.aborted) return;
      isAnswered = true;
      clearTimeout(timer);
      try {
        const next = readSvidResponse(message);
        if (next.id !== identity?.id) log("info", "SPIFFE: an identity came", { id: next.id });
        if (identity === undefined || !isSameIdentity(identity, next)) become(next);
        updates++;
        lastWords = "";
      } catch (error) {
        warn("SPIFFE: an answer of the Workload API was left out", error);
      }
      const left = Math.max((identity?.expiresAt ?? 0) - now(), 0);
      timer = setTimeout(giveUp, Math.min(Math.max((left * 3) / 4, longest), LONGEST_TIMER_MS));
      settled.resolve();
    };
    try {
      return await followSvids(endpoint, take, ended);
    } catch (error) {
      if (closing.signal.aborted) return isAnswered;
      if (error instanceof WorkloadApiError && error.status === PERMISSION_DENIED) become(undefined);
      // Having been asked anew after an answer is no failure.
      if (!patience.signal.aborted || !isAnswered) warn("SPIFFE: the Workload API is asked again", error);
      return isAnswered;
    } finally {
      clearTimeout(timer);
      settled.resolve();
    }
  };

  const run = async (): Promise<void> => {
    let failed = 0;
    while (!closing.signal.aborted) {
      failed = (await follow()) ? 0 : failed + 1;
      const pause = Math.min(first * 2 ** Math.max(failed - 1, 0), longest);
      await sleep(pause * (0.5 + random() / 2), undefined, { signal: closing.signal }).catch(() => {});
    }
  };
  const running = run();
  return {
    current: () => (identity !== undefined && identity.expiresAt > now() ? identity : undefined),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    settled: () => settled.promise,
    stats: () => ({ updates, failures }),
    async close() {
      closing.abort();
      await running;
      clearTimeout(endTimer);
    },
  };
}
