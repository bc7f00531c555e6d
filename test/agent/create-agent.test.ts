import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AgentOptions, createAgent } from "../../sync-agent/agent/create-agent.ts";
import { FatalError, fakeParts, hostsOf, ingress, service, slice } from "./fake-parts.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const options: AgentOptions = { throttleMs: 2_000, random: () => 0.5 };

/** An agent whose source is read, with one route. */
async function running(changes: Partial<AgentOptions> = {}) {
  const fakes = fakeParts();
  const agent = createAgent(fakes.parts, { ...options, ...changes });
  fakes.source.put(service(), slice("10.0.0.1", "10.0.0.2"), ingress("a.example.com"));
  fakes.source.sync();
  await settle();
  return { agent, ...fakes };
}

/** Like `running`, and it leads: the first table is published. */
async function leading(changes: Partial<AgentOptions> = {}) {
  const fakes = await running(changes);
  fakes.lease.lead(3);
  await settle();
  expect(fakes.publisher.publishes).toHaveLength(1);
  return fakes;
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms + 1);

describe("an agent", () => {
  it("feeds and publishes nothing before its source is read, even when it leads", async () => {
    const { parts, source, lease, fed, publisher } = fakeParts();
    const agent = createAgent(parts, options);
    lease.lead();
    source.put(ingress("a.example.com"));
    await settle(600_000);
    expect([agent.state.name, fed, publisher.publishes, publisher.claims]).toEqual(["syncing", [], [], []]);

    source.sync();
    await settle();
    expect(agent.state.name).toBe("running");
    expect(hostsOf(fed[0]?.table)).toEqual(["a.example.com"]);
    expect(hostsOf(publisher.last.table)).toEqual(["a.example.com"]);
  });

  it("feeds but does not publish while another leads", async () => {
    const { fed, publisher } = await running();
    await settle(600_000);
    expect(fed).toHaveLength(1);
    expect([publisher.publishes, publisher.claims]).toEqual([[], []]);
  });

  it("claims an epoch above the Lease's transitions, publishes under it, and tells relays where the pointer is", async () => {
    const { publisher, fed, accepted } = await leading();
    expect(publisher.claims).toEqual([3]);
    expect(publisher.last.epoch).toBe(4);
    expect(fed.map(({ pointer }) => pointer?.generation)).toEqual([undefined, 1]);
    expect(accepted).toEqual([1]);
  });

  it("makes one table of a burst", async () => {
    const { source, publisher, fed } = await leading();
    await settle(10_000);
    for (const host of ["b", "c", "d"]) {
      source.put(ingress(`${host}.example.com`));
      await settle(10);
    }
    expect(publisher.publishes.slice(1).map(({ table }) => hostsOf(table).length)).toEqual([2]);
    await settle(2_000);
    expect(publisher.publishes.slice(1).map(({ table }) => hostsOf(table).length)).toEqual([2, 4]);
    expect(fed.map(({ table }) => hostsOf(table).length)).toEqual([1, 1, 2, 2, 4, 4]);
  });

  it("feeds an endpoint's end at once, though a publish hangs", async () => {
    const { source, publisher, fed } = await leading();
    publisher.isManual = true;
    await settle(10_000);
    source.put(ingress("b.example.com"));
    await settle();
    expect(publisher.publishes).toHaveLength(2);
    source.objects.put(slice("10.0.0.1"));
    source.tell(true);
    await settle(25);
    const [app] = Object.values(fed.at(-1)?.table.endpoints ?? {});
    expect(app?.endpoints.map(({ address }) => address)).toEqual(["10.0.0.1"]);
    expect(publisher.publishes).toHaveLength(2);
  });

  it("publishes the newest table when the one under way has ended, and none in between", async () => {
    const { source, publisher } = await leading({ throttleMs: 0 });
    publisher.isManual = true;
    for (const host of ["b", "c", "d"]) {
      source.put(ingress(`${host}.example.com`));
      await settle(100);
    }
    expect(publisher.publishes).toHaveLength(2);
    publisher.last.resolve(publisher.accept(publisher.lastEpoch));
    await settle();
    expect(publisher.publishes.map(({ table }) => hostsOf(table).length)).toEqual([1, 2, 4]);
  });

  it("gives up a publish that does not end, and tries again", async () => {
    const { source, publisher, attempts } = await leading({ attemptMs: 5_000 });
    await settle(10_000);
    publisher.isManual = true;
    source.put(ingress("b.example.com"));
    await settle(4_000);
    expect(publisher.last.signal.aborted).toBe(false);
    publisher.isManual = false;
    await settle(3_000);
    expect(publisher.publishes).toHaveLength(3);
    expect(attempts.slice(-2)).toEqual(["failed", "done"]);
  });

  it("asks for nothing but a look now and then while nothing changes", async () => {
    const { publisher, source } = await leading({ confirmMs: 60_000 });
    source.tell(false);
    await settle(59_000);
    expect(publisher.publishes).toHaveLength(1);
    await settle(120_000);
    expect(publisher.publishes).toHaveLength(3);
  });

  it("takes a change in later that it could not take in at first", async () => {
    const { parts, source, fed, lines } = await leading();
    vi.spyOn(parts.translator, "translate").mockImplementationOnce(() => {
      throw new Error("boom");
    });
    await settle(10_000);
    source.put(ingress("b.example.com"));
    await settle();
    expect(lines.at(-1)).toMatchObject({ level: "error", fields: { reason: "boom" } });
    expect(hostsOf(fed.at(-1)?.table)).toEqual(["a.example.com"]);
    await settle(10_000);
    expect(hostsOf(fed.at(-1)?.table)).toEqual(["a.example.com", "b.example.com"]);
  });

  it("tells relays of a pointer that another moved, and not of an older one", async () => {
    const { publisher, fed } = await running();
    publisher.current = { publisher: "test", epoch: 9, generation: 5, root: "r".repeat(16) };
    await settle(3_000);
    expect(fed.at(-1)?.pointer?.generation).toBe(5);
    publisher.current = { publisher: "test", epoch: 8, generation: 4, root: "s".repeat(16) };
    await settle(3_000);
    expect(fed.at(-1)?.pointer?.generation).toBe(5);
  });
});

describe("a leader whose publish fails", () => {
  it("backs off, and comes back with the newest table", async () => {
    const { source, publisher } = await leading({ throttleMs: 0 });
    publisher.isManual = true;
    source.put(ingress("b.example.com"));
    await settle();
    publisher.last.reject(new Error("500"));
    await settle(100);
    source.put(ingress("c.example.com"));
    await settle(100);
    expect(publisher.publishes).toHaveLength(2);
    await settle(100);
    expect(publisher.publishes).toHaveLength(3);
    expect(hostsOf(publisher.last.table)).toHaveLength(3);
  });

  it("says once what will not pass, waits a minute, and feeds on", async () => {
    const { source, publisher, lines, fed } = await leading({ throttleMs: 0 });
    publisher.isManual = true;
    source.put(ingress("b.example.com"));
    await settle();
    publisher.last.reject(new FatalError("the token may not write"));
    await settle(30_000);
    expect(lines.filter(({ level }) => level === "error")).toMatchObject([
      { fields: { reason: "the token may not write" } },
    ]);
    source.put(ingress("c.example.com"));
    await settle(10);
    expect(hostsOf(fed.at(-1)?.table)).toHaveLength(3);
    expect(publisher.publishes).toHaveLength(2);
    await settle(31_000);
    expect(publisher.publishes).toHaveLength(3);
  });

  it("keeps on claiming while the beacon cannot be reached", async () => {
    const { publisher, lease } = await running();
    publisher.claimWith = () => Promise.reject(new Error("unreachable"));
    lease.lead(1);
    await settle(60_000);
    const { length } = publisher.claims;
    expect(length).toBeGreaterThan(3);
    expect(length).toBeLessThan(40);
    publisher.claimWith = async () => 12;
    await settle(60_000);
    expect(publisher.last.epoch).toBe(12);
  });
});

describe("a leader whose publish is refused", () => {
  async function refused(reason: "stale-epoch" | "stale-expectation" | "pinned" | "guarded", message = "no") {
    const fakes = await leading({ throttleMs: 0 });
    fakes.publisher.isManual = true;
    fakes.source.put(ingress("b.example.com"));
    await settle();
    const refuse = (): void =>
      fakes.publisher.last.resolve({
        status: "refused",
        reason,
        message,
        pointer: fakes.publisher.current ?? undefined,
      });
    return { ...fakes, refuse };
  }

  it("claims a new epoch when it still leads", async () => {
    const { publisher, refuse } = await refused("stale-epoch");
    publisher.lastEpoch = 20;
    refuse();
    await settle();
    expect(publisher.claims).toHaveLength(2);
    expect(publisher.last.epoch).toBe(21);
  });

  it("stands down when another leads, until it leads again", async () => {
    const { publisher, lease, refuse, source } = await refused("stale-epoch");
    lease.isHolder = false;
    refuse();
    await settle();
    source.put(ingress("c.example.com"));
    await settle(600_000);
    expect(publisher.publishes).toHaveLength(2);
    expect(publisher.claims).toHaveLength(1);
    lease.lead(9);
    await settle();
    expect(publisher.last.epoch).toBe(10);
    expect(hostsOf(publisher.last.table)).toHaveLength(3);
  });

  it("claims nothing while nobody can say who leads", async () => {
    const { publisher, lease, refuse } = await refused("stale-epoch");
    lease.isHolder = new Error("unreachable");
    refuse();
    await settle();
    publisher.last.resolve({ status: "refused", reason: "stale-epoch", message: "no", pointer: undefined });
    await settle(60_000);
    expect(publisher.claims).toHaveLength(1);
  });

  it("does not spin when two take the epoch from each other", async () => {
    const { publisher, refuse } = await refused("stale-epoch");
    const { publish } = publisher;
    let count = 0;
    vi.spyOn(publisher, "publish").mockImplementation((...given) => {
      count += 1;
      const result = publish.apply(publisher, given);
      refuse();
      return result;
    });
    refuse();
    await settle(60_000);
    expect(count).toBeGreaterThan(3);
    expect(count).toBeLessThan(40);
  });

  it("reads again when the pointer has moved", async () => {
    const { publisher, refuse } = await refused("stale-expectation");
    refuse();
    await settle(1);
    expect(publisher.publishes).toHaveLength(3);
    expect(publisher.claims).toHaveLength(1);
  });

  it("says once that it is pinned, and asks every ten seconds whether it still is", async () => {
    const { publisher, refuse, lines } = await refused("pinned", "pinned to generation 1");
    const saying = () => lines.filter(({ message }) => message.includes("pinned"));
    refuse();
    await settle(9_000);
    expect(publisher.publishes).toHaveLength(2);
    await settle(1_001);
    expect(publisher.publishes).toHaveLength(3);
    refuse();
    await settle();
    expect(saying()).toHaveLength(1);
  });

  it("leaves a guarded table, and tries the next one at once", async () => {
    const { publisher, refuse, source, lines, order } = await refused("guarded", "half of the routes would go");
    refuse();
    await settle();
    expect(order.at(-1)).toBe("hosts in doubt");
    await settle(30_000);
    expect(publisher.publishes).toHaveLength(2);
    expect(lines.at(-1)).toMatchObject({ level: "error", message: "not published: half of the routes would go" });
    source.put(ingress("c.example.com"));
    await settle(10);
    expect(publisher.publishes).toHaveLength(3);
  });
});

describe("leadership", () => {
  it("ends a publish that is under way", async () => {
    const { source, publisher, lease, lines } = await leading({ throttleMs: 0 });
    publisher.isManual = true;
    source.put(ingress("b.example.com"));
    await settle();
    lease.lose();
    await settle(60_000);
    expect(publisher.last.signal.aborted).toBe(true);
    expect(publisher.publishes).toHaveLength(2);
    expect(lines.filter(({ level }) => level !== "info")).toEqual([]);
  });

  it("is asked for at each step: a process that was frozen begins nothing", async () => {
    const { source, publisher, lease } = await leading({ throttleMs: 0 });
    lease.holds = false;
    source.put(ingress("b.example.com"));
    await settle(60_000);
    expect(publisher.publishes).toHaveLength(1);
    lease.holds = true;
    await settle(1_001);
    expect(publisher.publishes).toHaveLength(2);
  });

  it("is claimed anew when it comes again", async () => {
    const { publisher, lease } = await leading();
    lease.lose();
    publisher.lastEpoch = 30;
    lease.lead(5);
    await settle(2_001);
    expect(publisher.claims).toEqual([3, 5]);
    expect(publisher.last.epoch).toBe(31);
  });
});

describe("stopping", () => {
  it("gives up the lease after the last publish, and closes the feed last", async () => {
    const { agent, source, publisher, order } = await leading({ throttleMs: 0 });
    publisher.isManual = true;
    source.put(ingress("b.example.com"));
    await settle();
    const stopped = agent.stop();
    await settle(1_000);
    expect([agent.state.name, source.isClosed, order]).toEqual(["stopping", true, ["hosts of published"]]);
    publisher.last.resolve(publisher.accept(publisher.lastEpoch));
    await settle();
    await stopped;
    expect([agent.state.name, publisher.isClosed, order.slice(-3)]).toEqual([
      "stopped",
      true,
      ["hosts of published", "lease", "feed"],
    ]);
  });

  it("gives up a publish that hangs after four seconds", async () => {
    const { agent, source, publisher, order } = await leading({ throttleMs: 0 });
    publisher.isManual = true;
    source.put(ingress("b.example.com"));
    await settle();
    void agent.stop();
    await settle(3_990);
    expect(order).toEqual(["hosts of published"]);
    await settle(20);
    expect(publisher.last.signal.aborted).toBe(true);
    expect(order.slice(1)).toEqual(["lease", "feed"]);
  });

  it("takes in nothing more", async () => {
    const { agent, source, fed } = await running();
    await agent.stop();
    const { length } = fed;
    source.put(ingress("b.example.com"));
    await settle(60_000);
    expect(fed).toHaveLength(length);
  });
});
