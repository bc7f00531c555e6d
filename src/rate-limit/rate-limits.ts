import { waitAtMost } from "../beacon/look.ts";
import type { Report } from "../observe/report.ts";
import { hashSource } from "./hash-source.ts";
import { type Allowance, ASK_DEADLINE_MS, decide, newAllowance, noteFailure, noteGrant } from "./local-allowance.ts";
import { createSourceMemory } from "./source-memory.ts";
import { type Grant, type Limit, returnToken } from "./token-bucket.ts";

/** Counts requests against limits. */
export interface RateLimits {
  /**
   * Counts one request, and lets it wait where it is only a little too early.
   *
   * @param name of the middleware
   * @param source of the request, as long and as odd as the client likes
   * @returns 0 when the request passes, else the milliseconds until one can
   */
  admit(name: string, limit: Limit, source: string): number | Promise<number>;
}

/** Asks who counts for all isolates. Rejects when it cannot be asked. */
export type AskForTokens = (name: string, source: string, limit: Limit, want: number) => Promise<Grant>;

export interface RateLimitsOptions {
  /** Left out: what passes here is all that is counted. */
  ask?: AskForTokens | undefined;
  /** Sources remembered. */
  maxSources: number;
  /** Milliseconds since the epoch. */
  now: () => number;
  startTimer: (callback: () => void, ms: number) => () => void;
  count: (event: "rate-limited" | "rate-limiter-unavailable", middleware: string) => void;
  report: Report;
}

/** Longer sources are remembered by their hash. */
const MAX_SOURCE_LENGTH = 128;
/** Milliseconds between reports that nobody answers. */
const REPORT_PAUSE_MS = 10_000;

/**
 * The limits of one isolate. What it is told is kept as data and never as a promise: a request that waited for another's
 * would hang when that one ends. When nobody answers in time, this isolate counts by itself: it then lets pass what the
 * limit says, and so does each other one.
 */
export function createRateLimits(options: RateLimitsOptions): RateLimits {
  const { ask, maxSources, now, startTimer, count, report } = options;
  const sources = createSourceMemory<Allowance>(maxSources);
  let reportedAt = Number.NEGATIVE_INFINITY;

  const pass = (waitMs: number): number | Promise<number> =>
    waitMs < 1 ? 0 : new Promise((resolve) => startTimer(() => resolve(0), waitMs));

  const refuse = (name: string, waitMs: number): number => {
    count("rate-limited", name);
    return Math.max(1, waitMs);
  };

  function noAnswer(name: string, allowance: Allowance, reason: unknown): void {
    const at = now();
    noteFailure(allowance, at);
    count("rate-limiter-unavailable", name);
    if (at - reportedAt < REPORT_PAUSE_MS) return;
    reportedAt = at;
    report({ event: "rate-limiter-unavailable", middleware: name, reason: String(reason) });
  }

  async function askFor(
    ask: AskForTokens,
    { name, limit, source }: Asking,
    { want, waitMs }: { want: number; waitMs: number },
    allowance: Allowance,
    askedAt: number,
  ): Promise<number> {
    const answer = ask(name, source, limit, want).then((grant) => {
      noteGrant(allowance, limit, grant, askedAt, now());
      return grant;
    });
    const grant = await waitAtMost(answer, ASK_DEADLINE_MS, startTimer).catch((error: unknown) => {
      noAnswer(name, allowance, error);
      return null;
    });
    if (grant === undefined) noAnswer(name, allowance, `no answer in ${ASK_DEADLINE_MS} ms`);
    if (!grant) return pass(waitMs);
    if (grant.granted > 0) return pass(grant.waitMs);
    returnToken(allowance.bucket, limit);
    return refuse(name, grant.waitMs);
  }

  function admit(asking: Asking): number | Promise<number> {
    const { name, limit, source } = asking;
    const at = now();
    const allowance = sources.get(`${name}\n${source}`, () => newAllowance(limit, at));
    const decision = decide(allowance, limit, at);
    if (decision.do === "refuse") return refuse(name, decision.waitMs);
    if (decision.do === "pass" || ask === undefined) return pass(decision.waitMs);
    return askFor(ask, asking, decision, allowance, at);
  }

  return {
    admit: (name, limit, source) =>
      source.length <= MAX_SOURCE_LENGTH
        ? admit({ name, limit, source: `=${source}` })
        : hashSource(source).then((hash) => admit({ name, limit, source: hash })),
  };
}

/** A request of one source that meets a limit. */
interface Asking {
  name: string;
  limit: Limit;
  source: string;
}
