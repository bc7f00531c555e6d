import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LeaderElector } from "../../sync-agent/lease/leader-elector.ts";
import { type LeaseClient, LeaseError } from "../../sync-agent/lease/lease-client.ts";
import type { Lease } from "../../sync-agent/lease/lease-record.ts";

/** `deaf`: takes what is written, and fails to say so. */
type Fault = "none" | "down" | "hang" | "deaf";

/** One Lease in memory, compare-and-set by its version, with faults. */
class MemoryLease {
  lease: Lease | undefined;
  fault: Fault = "none";
  writes = 0;
  private version = 0;

  /** With a fault of its own that the returned client alone meets, if it is given. */
  client(own: { fault: Fault } = this): LeaseClient {
    return {
      get: () => this.answer(own, () => this.existing()),
      create: (lease) =>
        this.answer(own, () => {
          if (this.lease !== undefined) throw new LeaseError("conflict", "there is one");
          return this.store(lease);
        }),
      replace: (lease) =>
        this.answer(own, () => {
          const { resourceVersion } = this.existing().metadata;
          if (lease.metadata.resourceVersion !== resourceVersion) throw new LeaseError("conflict", "it changed");
          return this.store(lease);
        }),
    };
  }

  holder(): string | null | undefined {
    return this.lease?.spec?.holderIdentity;
  }

  /** As somebody else does who writes to it. */
  take(holderIdentity: string): void {
    this.store({ ...this.existing(), spec: { ...this.existing().spec, holderIdentity, renewTime: `${this.version}` } });
  }

  private existing(): Lease {
    if (this.lease === undefined) throw new LeaseError("not-found", "there is none");
    return this.lease;
  }

  private store(lease: Lease): Lease {
    this.version += 1;
    this.writes += 1;
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.version) } };
    return this.lease;
  }

  private async answer({ fault }: { fault: Fault }, work: () => Lease): Promise<Lease> {
    if (fault === "hang") return new Promise(() => {});
    if (fault === "down") throw new LeaseError("transient", "connection refused");
    const result = structuredClone(work());
    if (fault === "deaf") throw new LeaseError("transient", "socket hang up");
    return result;
  }
}

interface Replica {
  elector: LeaderElector;
  events: string[];
}

let memory: MemoryLease;
const replicas: Replica[] = [];

function replica(identity: string): Replica {
  const log = { info() {}, warn() {} };
  const options = { client: memory.client(), namespace: "sluice", name: "agent", identity, log };
  const made: Replica = { elector: new LeaderElector(options), events: [] };
  made.elector.start({
    onStarted: ({ transitions }) => made.events.push(`started ${transitions}`),
    onLost: () => made.events.push("lost"),
  });
  replicas.push(made);
  return made;
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  memory = new MemoryLease();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});
afterEach(async () => {
  memory.fault = "none";
  const released = Promise.all(replicas.splice(0).map(({ elector }) => elector.release()));
  await pass(20_000);
  await released;
  vi.useRealTimers();
});

test("the first leads and renews every two seconds; the second waits", async () => {
  const a = replica("a");
  await pass(0);
  const b = replica("b");
  await pass(60_000);
  expect([a.events, b.events]).toEqual([["started 0"], []]);
  expect([a.elector.isLeader(), b.elector.isLeader()]).toEqual([true, false]);
  expect(memory.writes).toBe(31);
  expect(memory.lease?.spec).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 });
  expect(memory.lease?.spec?.acquireTime).not.toBe(memory.lease?.spec?.renewTime);
});

test("what is given up is taken at the next look, and nobody is told that it was lost", async () => {
  const a = replica("a");
  await pass(0);
  const b = replica("b");
  await pass(1000);
  const released = a.elector.release();
  expect(a.elector.isLeader()).toBe(false);
  await released;
  expect(memory.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
  await pass(4400);
  expect(b.events).toEqual(["started 1"]);
  expect(a.events).toEqual(["started 0"]);
  await pass(60_000);
  expect(memory.holder()).toBe("b");
});

test.each(["down", "hang", "deaf"] as const)(
  "a leader whose server is %s stops believing after ten seconds, and before another leads",
  async (fault) => {
    const a = replica("a");
    await pass(0);
    memory.fault = fault;
    await pass(9_999);
    expect(a.elector.isLeader()).toBe(true);
    await pass(1);
    expect(a.elector.isLeader()).toBe(false);
    expect(a.events).toEqual(["started 0", "lost"]);
    memory.fault = "none";
    await pass(10_000);
    expect(a.events).toEqual(["started 0", "lost", "started 0"]);
  },
);

test("another leads when the leader's Lease is over, by its own clock from when it saw it", async () => {
  const a = replica("a");
  await pass(0);
  const client = memory.client();
  const b = new LeaderElector({
    client,
    namespace: "sluice",
    name: "agent",
    identity: "b",
    log: { info() {}, warn() {} },
  });
  const since = performance.now();
  let ledAt = 0;
  // The first dies: what it would write comes nowhere, without a word to it.
  await a.elector.release();
  memory.take("a");
  memory.lease = { ...(memory.lease as Lease), spec: { ...memory.lease?.spec, leaseDurationSeconds: 15 } };
  b.start({
    onStarted: () => {
      ledAt = performance.now();
    },
    onLost: () => {},
  });
  await pass(14_999);
  expect(b.isLeader()).toBe(false);
  await pass(4_401);
  expect(b.isLeader()).toBe(true);
  expect(ledAt - since).toBeGreaterThanOrEqual(15_000);
  await b.release();
});

test("a process that was frozen sees that its time is over before any timer runs", async () => {
  const a = replica("a");
  await pass(0);
  expect(a.elector.isLeader()).toBe(true);
  const now = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 60_000);
  expect(a.elector.isLeader()).toBe(false);
  memory.take("b");
  await pass(2000);
  expect(a.events).toEqual(["started 0", "lost"]);
  now.mockRestore();
});

test("who finds the Lease taken stands down at once", async () => {
  const a = replica("a");
  await pass(0);
  memory.take("b");
  await pass(2000);
  expect(a.events).toEqual(["started 0", "lost"]);
  expect(memory.holder()).toBe("b");
});

test("never do two lead, whatever becomes of whose requests; and when all is well again, one does", async () => {
  const faults = fc.constantFrom<Fault>("none", "down", "hang", "deaf");
  const steps = fc.array(fc.record({ who: fc.nat(2), fault: faults, ticks: fc.integer({ min: 1, max: 40 }) }), {
    maxLength: 12,
  });
  const run = async (schedule: { who: number; fault: Fault; ticks: number }[]) => {
    memory = new MemoryLease();
    const lines = [0, 1, 2].map(() => ({ fault: "none" as Fault }));
    const electors = lines.map((line, at) => {
      const log = { info() {}, warn() {} };
      const options = { client: memory.client(line), namespace: "sluice", name: "agent", identity: `${at}`, log };
      const elector = new LeaderElector(options);
      elector.start({ onStarted() {}, onLost() {} });
      return elector;
    });
    const leaders = () => electors.filter((elector) => elector.isLeader()).length;
    for (const { who, fault, ticks } of schedule) {
      (lines[who] ?? memory).fault = fault;
      for (let tick = 0; tick < ticks; tick += 1) {
        await pass(500);
        expect(leaders()).toBeLessThanOrEqual(1);
      }
    }
    for (const line of lines) line.fault = "none";
    await pass(30_000);
    expect(leaders()).toBe(1);
    await Promise.all(electors.map((elector) => elector.release()));
    expect(memory.holder()).toBe("");
  };
  await fc.assert(fc.asyncProperty(steps, run), { numRuns: 40 });
});

test("a deleted Lease is made anew by who leads, and counts from 0", async () => {
  const a = replica("a");
  await pass(0);
  await a.elector.release();
  const b = replica("b");
  await pass(0);
  expect(b.events).toEqual(["started 1"]);
  memory.lease = undefined;
  await pass(2000);
  expect(b.elector.isLeader()).toBe(true);
  expect(memory.lease).toMatchObject({ spec: { holderIdentity: "b", leaseTransitions: 0 } });
  expect(b.events).toEqual(["started 1"]);
});

test("what others keep in the Lease stays there", async () => {
  const a = replica("a");
  await pass(0);
  memory.lease = {
    ...(memory.lease as Lease),
    metadata: { ...(memory.lease as Lease).metadata, labels: { team: "x" } },
  };
  memory.take("a");
  await pass(4000);
  expect(memory.lease.metadata.labels).toEqual({ team: "x" });
  expect(a.events).toEqual(["started 0"]);
});

describe("confirming", () => {
  const signal = new AbortController().signal;

  test("asks afresh, and renews", async () => {
    const a = replica("a");
    await pass(0);
    const { writes } = memory;
    expect(await a.elector.confirm(signal)).toBe(true);
    expect(memory.writes).toBe(writes + 1);
  });

  test("finds that another leads, which is no news to wait for", async () => {
    const a = replica("a");
    await pass(0);
    memory.take("b");
    expect(await a.elector.confirm(signal)).toBe(false);
    expect(a.events).toEqual(["started 0", "lost"]);
  });

  test("fails when the server cannot be asked, and when the caller gives up", async () => {
    const a = replica("a");
    await pass(0);
    memory.fault = "down";
    await expect(a.elector.confirm(signal)).rejects.toThrow("connection refused");
    memory.fault = "hang";
    const aborter = new AbortController();
    const asked = a.elector.confirm(aborter.signal);
    aborter.abort(new Error("no time"));
    await expect(asked).rejects.toThrow("no time");
    expect(a.elector.isLeader()).toBe(true);
  });
});

describe("giving up", () => {
  test("what was never started or never held writes nothing", async () => {
    replica("a");
    await pass(0);
    const b = replica("b");
    await pass(0);
    const { writes } = memory;
    await b.elector.release();
    const log = { info() {}, warn() {} };
    await new LeaderElector({ client: memory.client(), namespace: "n", name: "l", identity: "c", log }).release();
    expect([memory.writes, memory.holder()]).toEqual([writes, "a"]);
  });

  test("ends though the server hangs, within the deadline", async () => {
    const a = replica("a");
    await pass(0);
    memory.fault = "hang";
    const released = a.elector.release();
    await pass(10_000);
    await released;
    expect(a.elector.isLeader()).toBe(false);
  });

  test("holds for a renewal whose answer was lost", async () => {
    const a = replica("a");
    await pass(0);
    memory.fault = "deaf";
    await pass(2000);
    memory.fault = "none";
    await a.elector.release();
    expect(memory.holder()).toBe("");
  });
});

test.each([
  [{ leaseDurationMs: 10_000, renewDeadlineMs: 10_000 }],
  [{ renewDeadlineMs: 2_000, retryPeriodMs: 2_000 }],
  [{ retryPeriodMs: 0 }],
  [{ leaseDurationMs: Number.NaN }],
])("times by which two could lead are refused: %j", (times) => {
  const log = { info() {}, warn() {} };
  const options = { client: memory.client(), namespace: "n", name: "l", identity: "a", log };
  expect(() => new LeaderElector({ ...options, ...times })).toThrow(RangeError);
});
