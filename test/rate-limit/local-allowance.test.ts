import { describe, expect, it } from "vitest";
import { decide, newAllowance, noteFailure, noteGrant } from "../../src/rate-limit/local-allowance.ts";

/** Leases of 250 ms. */
const limit = { ratePerMs: 0.1, burst: 100, maxWaitMs: 5 };
const START = 1_000_000;

/** Asked at the start for three tokens, which were given 40 ms later. */
function leased() {
  const allowance = newAllowance(limit, START);
  expect(decide(allowance, limit, START).do).toBe("ask");
  noteGrant(allowance, limit, { granted: 3, waitMs: 0 }, START, START + 40);
  return allowance;
}

describe("tokens given ahead", () => {
  it("are used up, then asked for again", () => {
    const allowance = leased();
    const decisions = [50, 60, 70].map((ms) => decide(allowance, limit, START + ms).do);
    expect(decisions).toEqual(["pass", "pass", "ask"]);
  });

  it.each([
    [249, "pass"],
    [250, "ask"],
    [-1, "ask"],
  ])("%d ms after they were asked for: %s", (ms, expected) => {
    expect(decide(leased(), limit, START + ms).do).toBe(expected);
  });

  it("are not taken when they come too late", () => {
    const allowance = newAllowance(limit, START);
    decide(allowance, limit, START);
    noteGrant(allowance, limit, { granted: 3, waitMs: 0 }, START, START + 300);
    expect(decide(allowance, limit, START + 300).do).toBe("ask");
  });

  it("that come twice are all used, in the time of the first", () => {
    const allowance = leased();
    noteGrant(allowance, limit, { granted: 3, waitMs: 0 }, START + 30, START + 60);
    const decisions = [100, 100, 100, 249, 249].map((ms) => decide(allowance, limit, START + ms).do);
    expect(decisions).toEqual(["pass", "pass", "pass", "pass", "ask"]);
    const later = leased();
    noteGrant(later, limit, { granted: 3, waitMs: 0 }, START + 30, START + 60);
    expect(decide(later, limit, START + 250).do).toBe("ask");
  });
});

describe("how many are asked for", () => {
  it("as many as came in the time of a lease, by one who asks at a time", () => {
    const allowance = newAllowance(limit, START);
    expect(decide(allowance, limit, START)).toMatchObject({ do: "ask", want: 1 });
    for (let i = 0; i < 9; i++) expect(decide(allowance, limit, START)).toMatchObject({ do: "ask", want: 1 });
    noteGrant(allowance, limit, { granted: 1, waitMs: 0 }, START, START + 10);
    expect(decide(allowance, limit, START + 10)).toMatchObject({ want: 11 });
    noteGrant(allowance, limit, { granted: 1, waitMs: 0 }, START + 10, START + 20);
    expect(decide(allowance, limit, START + 260)).toMatchObject({ want: 11 });
    noteGrant(allowance, limit, { granted: 1, waitMs: 0 }, START + 260, START + 270);
    expect(decide(allowance, limit, START + 5000)).toMatchObject({ want: 1 });
  });
});

describe("a refusal", () => {
  const refused = () => {
    const allowance = newAllowance(limit, START);
    decide(allowance, limit, START);
    noteGrant(allowance, limit, { granted: 0, waitMs: 10 }, START, START + 40);
    return allowance;
  };

  it("holds until somebody could wait for the next token", () => {
    expect(decide(refused(), limit, START + 41)).toEqual({ do: "refuse", waitMs: 9 });
    expect(decide(refused(), limit, START + 44)).toEqual({ do: "refuse", waitMs: 6 });
    expect(decide(refused(), limit, START + 45).do).toBe("ask");
  });

  it("ends when the clock goes back", () => {
    expect(decide(refused(), limit, START + 39).do).toBe("ask");
  });

  it("that is followed by another holds longer, each time twice as long, up to a second", () => {
    const allowance = refused();
    const holds: number[] = [];
    for (let i = 0; i < 7; i++) {
      const now = allowance.refusedUntil;
      expect(decide(allowance, limit, now).do).toBe("ask");
      noteGrant(allowance, limit, { granted: 0, waitMs: 10 }, now, now);
      holds.push(allowance.refusedUntil - now);
    }
    expect(holds).toEqual([50, 100, 200, 400, 800, 1000, 1000]);
  });

  it("of several that asked together counts once", () => {
    const allowance = refused();
    noteGrant(allowance, limit, { granted: 0, waitMs: 10 }, START, START + 41);
    noteGrant(allowance, limit, { granted: 0, waitMs: 10 }, START + 1, START + 42);
    expect(allowance.refusals).toBe(1);
    expect(decide(allowance, limit, START + 47).do).toBe("ask");
  });

  it("lets one ask at a time for a while", () => {
    const allowance = refused();
    expect([45, 46, 60].map((ms) => decide(allowance, limit, START + ms).do)).toEqual(["ask", "refuse", "refuse"]);
    const later = refused();
    expect([145, 146].map((ms) => decide(later, limit, START + ms).do)).toEqual(["ask", "ask"]);
  });

  it("is forgotten by and by when tokens are given again", () => {
    const allowance = refused();
    noteGrant(allowance, limit, { granted: 1, waitMs: 0 }, START + 45, START + 46);
    noteGrant(allowance, limit, { granted: 1, waitMs: 0 }, START + 46, START + 47);
    expect(allowance.refusals).toBe(0);
  });
});

it("after a failure nobody asks for a second, whichever way the clock goes", () => {
  const allowance = newAllowance(limit, START);
  decide(allowance, limit, START);
  noteFailure(allowance, START + 500);
  expect([501, 1499].map((ms) => decide(allowance, limit, START + ms).do)).toEqual(["pass", "pass"]);
  expect(decide(allowance, limit, START + 1500).do).toBe("ask");
  const other = newAllowance(limit, START);
  decide(other, limit, START);
  noteFailure(other, START + 500);
  expect(decide(other, limit, START + 499).do).toBe("ask");
});
