import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileSessionLine, isTold, readSessionToken } from "../../src/cookie/session-token.ts";
import type { StickyCookie } from "../../src/table/service.ts";

const NOW = Date.UTC(2026, 10, 21);
const cookie: StickyCookie = { name: "s", path: "/", secure: false, httpOnly: false, maxAge: 0 };

/** Reads what a client has that was told a line. */
function readLine(sticky: StickyCookie, [name, line]: readonly [string, string], now: number) {
  const pair = line.split(";")[0];
  const header = (asked: string): string | undefined => {
    if (name === "set-cookie") return asked === "cookie" ? `a=b; ${pair}` : undefined;
    return asked === name ? line : undefined;
  };
  return readSessionToken(sticky, header, now);
}

const times = fc.record(
  { absoluteTimeoutMs: fc.integer({ min: 1, max: 1e9 }), idleTimeoutMs: fc.integer({ min: 1, max: 1e9 }) },
  { requiredKeys: [] },
);

describe("a session", () => {
  it("is read as it was told, as long as neither time is over", () => {
    fc.assert(
      fc.property(
        times,
        fc.boolean(),
        fc.stringMatching(/^[0-9a-f]{16}$/),
        fc.integer({ min: 0, max: 2e9 }),
        fc.integer({ min: 0, max: 2e9 }),
        (limits, inHeader, value, usedAfter, readAfter) => {
          const sticky: StickyCookie = {
            ...cookie,
            name: inHeader ? "x-s" : "s",
            ...(inHeader && { inHeader }),
            ...limits,
          };
          const { absoluteTimeoutMs = Number.POSITIVE_INFINITY, idleTimeoutMs = Number.POSITIVE_INFINITY } = limits;
          const used = NOW + usedAfter;
          const token = readLine(sticky, compileSessionLine(sticky)(value, used, NOW), used + readAfter);
          const lives = usedAfter + readAfter < absoluteTimeoutMs && readAfter <= idleTimeoutMs;
          const isTimed = Object.keys(limits).length > 0;
          expect(token).toEqual(
            lives || !isTimed ? { value, begunMs: isTimed ? NOW : undefined, isUntimed: false } : undefined,
          );
        },
      ),
    );
  });

  it("never throws, and lasts no longer, whatever a client makes of it", () => {
    const sticky = { ...cookie, absoluteTimeoutMs: 1_000, idleTimeoutMs: 500 };
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^v\.[0-9a-z]{1,12}\.[0-9a-z]{1,12}$/)), (text) => {
        const token = readSessionToken(sticky, (name) => (name === "cookie" ? `s=${text}` : null), NOW);
        if (token?.begunMs !== undefined) {
          expect(token.begunMs).toBeLessThanOrEqual(NOW);
          expect(token.begunMs).toBeGreaterThan(NOW - 1_000);
        }
      }),
    );
  });

  it("from before there were times goes on, and is written anew", () => {
    const token = readSessionToken({ ...cookie, idleTimeoutMs: 1_000 }, () => "s=0123456789abcdef", NOW);
    expect(token).toEqual({ value: "0123456789abcdef", begunMs: undefined, isUntimed: true });
  });

  it.each([
    ["without a header", null],
    ["in another cookie", "t=1"],
  ])("is none %s", (_, header) => {
    expect(readSessionToken(cookie, () => header, NOW)).toBeUndefined();
  });
});

describe("the line of an answer", () => {
  const day = 86_400_000;
  it.each([
    ["of a session", {}, /^s=v; Path=\/$/],
    ["with Traefik's age", { maxAge: 60 }, /^s=v; Path=\/; Max-Age=60$/],
    ["of a session with times", { absoluteTimeoutMs: day }, /^s=v\.[0-9a-z]+\.[0-9a-z]+; Path=\/$/],
    ["of a lasting one", { maxAge: 86_400, absoluteTimeoutMs: day }, /^s=v\.\S+; Path=\/; Max-Age=82800$/],
    ["that is idle before", { maxAge: 86_400, absoluteTimeoutMs: day, idleTimeoutMs: 90_500 }, /Max-Age=91$/],
  ])("%s", (_, changes, expected) => {
    const [name, line] = compileSessionLine({ ...cookie, ...changes })("v", NOW, NOW - 3_600_000);
    expect([name, line]).toEqual(["set-cookie", expect.stringMatching(expected)]);
  });

  it("is one of every answer where it has to be", () => {
    const told = [{}, { absoluteTimeoutMs: 1 }, { idleTimeoutMs: 1 }, { inHeader: true }].map((changes) =>
      isTold({ ...cookie, ...changes }),
    );
    expect(told).toEqual([false, false, true, true]);
  });
});
