import { createRateLimits, type RateLimits } from "./rate-limits.ts";

/** As many as Traefik remembers. */
const MAX_SOURCES = 65_536;

/** The limits of a program that counts by itself: a relay, `sluice explain`. */
export const createProcessLimits = (now: () => number): RateLimits =>
  createRateLimits({
    maxSources: MAX_SOURCES,
    now,
    startTimer(callback, ms) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    count: () => {},
    report: () => {},
  });
