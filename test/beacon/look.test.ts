import { describe, expect, it } from "vitest";
import { type LookSources, lookForPointer, type ResponseCache, waitAtMost } from "../../src/beacon/look.ts";
import type { Pointer } from "../../src/table/snapshot.ts";

const pointer: Pointer = { publisher: "a cluster", epoch: 1, generation: 2, root: "a".repeat(16) };
const noKv: LookSources["kv"] = { get: () => Promise.reject(new Error("KV is not asked")) };

function createCache(): ResponseCache & { entries: Map<string, Response> } {
  const entries = new Map<string, Response>();
  return {
    entries,
    match: async (url) => entries.get(url)?.clone(),
    put: async (url, response) => {
      entries.set(url, response);
    },
  };
}

function createBeacon(answer: Pointer | null) {
  let asked = 0;
  return {
    current: async () => {
      asked++;
      return answer;
    },
    asked: () => asked,
  };
}

describe("lookForPointer", () => {
  it("asks the beacon once for all isolates of a data centre, for a second", async () => {
    const beacon = createBeacon(pointer);
    const cache = createCache();
    const sources = { publisher: "a cluster", beacon, kv: noKv, cache };
    expect(await lookForPointer(sources)).toEqual(pointer);
    expect(await lookForPointer(sources)).toEqual(pointer);
    expect(beacon.asked()).toBe(1);
    expect([...cache.entries.values()].map((entry) => entry.headers.get("Cache-Control"))).toEqual(["max-age=1"]);
    expect([...cache.entries.keys()].every((url) => URL.canParse(url))).toBe(true);
  });

  it("also caches that nothing is published", async () => {
    const beacon = createBeacon(null);
    const sources = { publisher: "a cluster", beacon, kv: noKv, cache: createCache() };
    expect(await lookForPointer(sources)).toBeNull();
    expect(await lookForPointer(sources)).toBeNull();
    expect(beacon.asked()).toBe(1);
  });

  it.each<[string, ResponseCache["match"]]>([
    ["fails", () => Promise.reject(new Error("away"))],
    ["holds nonsense", async () => new Response("<html>")],
    ["holds another shape", async () => Response.json({ generation: "2" })],
  ])("asks the beacon when the cache %s", async (_, match) => {
    const beacon = createBeacon(pointer);
    const cache = { match, put: () => Promise.reject(new Error("away")) };
    expect(await lookForPointer({ publisher: "a cluster", beacon, kv: noKv, cache })).toEqual(pointer);
  });

  it.each([
    ["a pointer", JSON.stringify(pointer), pointer],
    ["nothing", null, null],
  ])("asks KV where there is no beacon: %s", async (_, value, expected) => {
    const kv = { get: async (key: string) => (key === "pointer/a cluster" ? value : "wrong key") };
    expect(await lookForPointer({ publisher: "a cluster", kv })).toEqual(expected);
  });
});

describe("lookForPointer, failing", () => {
  it("passes on what the beacon throws", async () => {
    const beacon = { current: () => Promise.reject(new Error("overloaded")) };
    await expect(lookForPointer({ publisher: "a cluster", beacon, kv: noKv })).rejects.toThrow("overloaded");
  });

  it("throws for a KV value that is no pointer", async () => {
    await expect(lookForPointer({ publisher: "a cluster", kv: { get: async () => "{}" } })).rejects.toThrow();
  });
});

describe("waitAtMost", () => {
  function createTimer() {
    const timer = { ring: () => {}, ms: 0, stopped: false };
    const start = (callback: () => void, ms: number) => {
      Object.assign(timer, { ring: callback, ms });
      return () => {
        timer.stopped = true;
      };
    };
    return { timer, start };
  }

  it("gives what the work gives, and stops the timer", async () => {
    const { timer, start } = createTimer();
    expect(await waitAtMost(Promise.resolve(7), 100, start)).toBe(7);
    expect(timer).toMatchObject({ ms: 100, stopped: true });
  });

  it("gives undefined when the time is over", async () => {
    const { timer, start } = createTimer();
    const waiting = waitAtMost(new Promise<number>(() => {}), 100, start);
    timer.ring();
    expect(await waiting).toBeUndefined();
  });

  it("fails when the work fails in time, and not when it fails later", async () => {
    const { timer, start } = createTimer();
    await expect(waitAtMost(Promise.reject(new Error("no")), 100, start)).rejects.toThrow("no");
    let fail = (_: Error) => {};
    const waiting = waitAtMost(
      new Promise<number>((_, reject) => {
        fail = reject;
      }),
      100,
      start,
    );
    timer.ring();
    fail(new Error("late"));
    expect(await waiting).toBeUndefined();
  });
});
