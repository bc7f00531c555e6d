import { afterEach, describe, expect, it, vi } from "vitest";
import { ListenerSet, type OpenListener } from "../../../relay/streams/listener-set.ts";
import type { WantedListener } from "../../../relay/streams/wanted-listeners.ts";
import { soon } from "./streams-harness.ts";

const sets: ListenerSet[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(sets.splice(0).map((set) => set.close()));
});

const at = (port: number, protocol: "tcp" | "udp" = "tcp"): WantedListener => ({
  protocol,
  host: "127.0.0.1",
  port,
  idleTimeoutMs: 3_000,
});
const wanted = (entries: Record<string, WantedListener>): Map<string, WantedListener> =>
  new Map(Object.entries(entries));

/** Ports that one holder has at a time, and what happened to them. */
function startPorts() {
  const held = new Map<number, string>();
  const events: string[] = [];
  const loads = new Map<string, number>();
  const blocked = new Set<number>();
  let whenOpened: Promise<void> = Promise.resolve();
  const set = new ListenerSet({
    async open(name, { port }): Promise<OpenListener> {
      await whenOpened;
      if (held.has(port) || blocked.has(port)) {
        events.push(`${name} not ${port}`);
        throw Object.assign(new Error("in use"), { code: "EADDRINUSE" });
      }
      held.set(port, name);
      events.push(`${name} at ${port}`);
      const release = (): void => {
        if (held.get(port) !== name) return;
        held.delete(port);
        events.push(`${name} off ${port}`);
      };
      return {
        address: { address: "127.0.0.1", port },
        get load() {
          return loads.get(name) ?? 0;
        },
        release,
        stop: release,
        async close() {
          release();
          events.push(`${name} closed`);
        },
      };
    },
    random: () => 0,
    log: () => {},
    pauseMs: { first: 1, longest: 2 },
  });
  sets.push(set);
  return {
    set,
    events,
    loads,
    blocked,
    holdOpening: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      whenOpened = promise;
      return resolve;
    },
  };
}

describe("listeners", () => {
  it("come with what is wanted, stay while it is, and go when it is not", async () => {
    const { set, events } = startPorts();
    set.follow(wanted({ a: at(1), b: at(2) }));
    await set.settled();
    set.follow(wanted({ a: at(1), b: at(2) }));
    set.follow(wanted({ b: at(2) }));
    await set.settled();
    expect(events).toEqual(["a at 1", "b at 2", "a off 1"]);
    expect(set.list()).toMatchObject([{ name: "b", address: { port: 2 }, reason: undefined }]);
  });

  it("move to another address, also where two exchange theirs", async () => {
    const { set, events } = startPorts();
    set.follow(wanted({ a: at(1), b: at(2) }));
    await set.settled();
    set.follow(wanted({ a: at(2), b: at(1) }));
    await set.settled();
    expect(events.slice(2)).toEqual(["a off 1", "b off 2", "a at 2", "b at 1"]);
  });

  it("open once, where they are wanted when it is done", async () => {
    const { set, events, holdOpening } = startPorts();
    const go = holdOpening();
    set.follow(wanted({ a: at(1), b: at(3) }));
    set.follow(wanted({ a: at(2) }));
    go();
    await set.settled();
    expect(events.filter((event) => event.startsWith("a"))).toEqual(["a at 1", "a off 1", "a at 2"]);
    expect(events.filter((event) => event.startsWith("b"))).toEqual(["b at 3", "b off 3"]);
    expect(set.list()).toMatchObject([{ name: "a", address: { port: 2 } }]);
  });

  it("that cannot be are tried again, and harm no other", async () => {
    const { set, events, blocked } = startPorts();
    blocked.add(1);
    set.follow(wanted({ a: at(1), b: at(2) }));
    await set.settled();
    expect(set.list()).toMatchObject([
      { name: "a", address: undefined, reason: expect.stringContaining("another program listens there"), failures: 1 },
      { name: "b", address: { port: 2 } },
    ]);
    await expect.poll(() => events.filter((event) => event === "a not 1").length, soon).toBeGreaterThan(3);
    blocked.clear();
    await expect.poll(() => set.list(), soon).toMatchObject([{ address: { port: 1 }, reason: undefined }, {}]);
  });

  it("that cannot be are left alone by tables that say nothing new of them, and forgotten when unwanted", async () => {
    const { set, events, blocked } = startPorts();
    blocked.add(1);
    set.follow(wanted({ a: at(1) }));
    await set.settled();
    for (let i = 0; i < 50; i++) set.follow(wanted({ a: at(1) }));
    expect(events).toEqual(["a not 1"]);
    set.follow(wanted({}));
    expect(set.list()).toEqual([]);
    set.follow(wanted({ a: at(4) }));
    await set.settled();
    expect(events.at(-1)).toBe("a at 4");
  });

  it("that gave up their port are known for as long as they carry something", async () => {
    const { set, events, loads } = startPorts();
    set.follow(wanted({ a: at(1), b: at(2) }));
    await set.settled();
    loads.set("a", 3);
    set.follow(wanted({ b: at(2) }));
    set.follow(wanted({ b: at(2) }));
    await set.close();
    expect(events.slice(3)).toEqual(["b off 2", "b closed", "a closed"]);
  });

  it("do not come when the end has begun, nor stay open", async () => {
    const { set, events, holdOpening } = startPorts();
    const go = holdOpening();
    set.follow(wanted({ a: at(1) }));
    const closed = set.close();
    set.follow(wanted({ b: at(2) }));
    go();
    await closed;
    expect(events).toEqual(["a at 1", "a off 1", "a closed"]);
  });

  it("end each in its own time: first nothing new, then nothing at all", async () => {
    const { set, events, loads } = startPorts();
    set.follow(wanted({ a: at(1), b: at(2) }));
    await set.settled();
    loads.set("a", 1).set("b", 1);
    vi.useFakeTimers();
    const closed = set.close((name) =>
      name === "a" ? { acceptMs: 1_000, graceMs: 500 } : { acceptMs: 0, graceMs: 60_000 },
    );
    const since = (): string[] => events.slice(2);
    await vi.advanceTimersByTimeAsync(999);
    expect(since()).toEqual(["b off 2"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(since()).toEqual(["b off 2", "a off 1"]);
    await vi.advanceTimersByTimeAsync(600);
    expect(since()).toEqual(["b off 2", "a off 1", "a closed"]);
    loads.set("b", 0);
    await vi.advanceTimersByTimeAsync(100);
    await closed;
    expect(since()).toEqual(["b off 2", "a off 1", "a closed", "b closed"]);
  });
});
