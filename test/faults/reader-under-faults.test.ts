import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Resolution, SnapshotReader } from "../../src/snapshot/snapshot-reader.ts";
import type { LastGoodCache } from "../../src/snapshot/tree-store.ts";
import type { RouteLeaf } from "../../src/table/snapshot.ts";
import { FaultyKv, settlePromises } from "./faulty-kv.ts";
import { type Change, chooseByHost, type Generation, HOSTS, nextGeneration } from "./generations.ts";

type Answer = { text: string; endpoints: string } | undefined;

type Step =
  | { do: "publish"; change: Change; lateMs: number[]; lost: boolean }
  | { do: "offer"; generation: number }
  | { do: "resolve"; host: number }
  | { do: "prefetch" }
  | { do: "deliver"; position: number }
  | { do: "deliver-all" }
  | { do: "pass"; ms: number }
  | { do: "down"; isDown: boolean }
  | { do: "lose-key"; position: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      change: fc.record({ hosts: fc.integer({ min: 0, max: 31 }), endpoints: fc.integer({ min: 0, max: 15 }) }),
      lateMs: fc.array(fc.constantFrom(0, 0, 0, 500, 5_000, 30_000, 60_000), { minLength: 1, maxLength: 7 }),
      lost: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("offer" as const), generation: fc.nat(30) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("resolve" as const), host: fc.nat(HOSTS.length - 1) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "prefetch" }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("deliver" as const), position: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: "deliver-all" }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(10, 1_000, 3_000, 35_000, 61_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("down" as const), isDown: fc.constantFrom(true, false, false) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose-key" as const), position: fc.nat(100) }) },
);

/** A data centre's cache that keeps everything. */
function createLastGood(): LastGoodCache {
  const values = new Map<string, string>();
  return {
    get: async (key) => values.get(key),
    put: (key, value) => {
      values.set(key, value);
    },
  };
}

/** One isolate against a faulty KV, and what it answered when. */
class Run {
  readonly kv = new FaultyKv();
  readonly generations: Generation[] = [];
  readonly answers: { host: string; generation: number; began: number; ended: number }[] = [];
  readonly reader: SnapshotReader<RouteLeaf>;
  #clock = 0;

  constructor(options: { byteBudget: number; maxSnapshots?: number; maxFloors?: number; lastGood?: LastGoodCache }) {
    this.reader = new SnapshotReader<RouteLeaf>({
      publisher: "test",
      kv: this.kv.location(),
      compileRoutes: (leaf) => leaf,
      report: () => {},
      now: () => this.kv.now,
      ...options,
    });
  }

  publish(change: Change, lateMs: readonly number[], lost: boolean): void {
    this.kv.now += 1_000;
    const generation = nextGeneration(this.generations.at(-1), change);
    this.generations.push(generation);
    let position = 0;
    for (const [key, value] of generation.writes) {
      // A write that is lost for good leaves a generation that can never be read.
      if (lost && position === 0) this.kv.lostKeys.add(key);
      else this.kv.put(key, value, lateMs[position % lateMs.length]);
      position++;
    }
  }

  offer(generation: Generation | undefined): Promise<unknown> {
    return generation === undefined ? Promise.resolve() : this.reader.offer(generation.pointer);
  }

  async resolve(host: string): Promise<Resolution<Answer>> {
    const began = this.#clock++;
    const answer = this.reader.resolve(host, "/", chooseByHost(host));
    const resolution = answer instanceof Promise ? await answer : answer;
    if (resolution !== undefined) {
      const generation = resolution.pointer.generation;
      this.answers.push({ host, generation, began, ended: this.#clock++ });
      this.expectWhole(host, resolution);
    }
    return resolution;
  }

  /** Everything in an answer is what the generation that it names says. */
  expectWhole(host: string, { value, pointer, endpoints }: NonNullable<Resolution<Answer>>): void {
    const generation = this.generations[pointer.generation - 1];
    expect(value).toEqual(generation?.hosts.get(host));
    const address = endpoints(value?.endpoints ?? "")?.endpoints[0]?.address;
    expect(address).toBe(generation?.addresses.get(value?.endpoints ?? ""));
  }

  /** For one host, what began after an answer was out is not answered from an older generation. */
  expectNeverBackwards(): void {
    for (const later of this.answers) {
      for (const earlier of this.answers) {
        if (earlier.host === later.host && earlier.ended < later.began) {
          expect(later.generation).toBeGreaterThanOrEqual(earlier.generation);
        }
      }
    }
  }

  async deliverAll(): Promise<void> {
    await settlePromises();
    while (this.kv.pendingReads > 0) {
      this.kv.deliver();
      await settlePromises();
    }
  }

  async perform(steps: readonly Step[]): Promise<void> {
    this.publish({ hosts: 31, endpoints: 15 }, [0], false);
    const running: Promise<unknown>[] = [this.offer(this.generations[0])];
    await this.deliverAll();
    for (const step of steps) {
      switch (step.do) {
        case "publish":
          this.publish(step.change, step.lateMs, step.lost && step.change.hosts % 4 === 0);
          break;
        case "offer":
          running.push(this.offer(this.generations[this.generations.length - 1 - (step.generation % 3)]));
          break;
        case "resolve":
          running.push(this.resolve(HOSTS[step.host] ?? ""));
          break;
        case "prefetch":
          running.push(this.reader.prefetch());
          break;
        case "deliver":
          this.kv.deliver(step.position);
          break;
        case "deliver-all":
          await this.deliverAll();
          break;
        case "pass":
          this.kv.now += step.ms;
          break;
        case "down":
          this.kv.isDown = step.isDown;
          break;
        case "lose-key": {
          const keys = this.generations.flatMap(({ writes }) => [...writes.keys()]);
          const key = keys[step.position % Math.max(1, keys.length)];
          if (key !== undefined) this.kv.lostKeys.add(key);
          break;
        }
      }
      await settlePromises();
    }
    await this.deliverAll();
    await Promise.all(running);
  }
}

const limits = fc.record({
  byteBudget: fc.constantFrom(0, 1_500, 1_000_000),
  maxSnapshots: fc.constantFrom(1, 2, 4),
  maxFloors: fc.constantFrom(1, 2, 100),
});
const steps = fc.array(step, { minLength: 20, maxLength: 150, size: "max" });

describe("a reader over a faulty KV", () => {
  it("answers wholly from one generation, and for one host never from an older one after a newer one", async () => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(steps, limits, fc.boolean(), async (steps, limits, hasCache) => {
        const run = new Run(hasCache ? { ...limits, lastGood: createLastGood() } : limits);
        await run.perform(steps);
        run.expectNeverBackwards();
        answered += run.answers.length;
      }),
      { numRuns: 400 },
    );
    expect(answered).toBeGreaterThan(2_000);
  });

  it("answers from the newest generation once that can be read", async () => {
    await fc.assert(
      fc.asyncProperty(steps, limits, async (steps, limits) => {
        const run = new Run(limits);
        await run.perform(steps);
        run.kv.heal();
        // Beyond KV's cached misses and the reader's own memory of what was unreadable.
        run.kv.now += 61_000;
        run.publish({ hosts: 31, endpoints: 15 }, [0], false);
        const newest = run.generations.at(-1);
        const offer = run.offer(newest);
        await run.deliverAll();
        await offer;
        for (const host of HOSTS) {
          const resolving = run.resolve(host);
          await run.deliverAll();
          expect((await resolving)?.pointer).toEqual(newest?.pointer);
        }
        run.expectNeverBackwards();
      }),
      { numRuns: 150 },
    );
  });

  it("goes on answering what it answered when KV goes away, whatever is offered", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ hosts: fc.nat(31), endpoints: fc.nat(15) }), { maxLength: 8 }),
        async (changes) => {
          const run = new Run({ byteBudget: 1_000_000 });
          run.publish({ hosts: 31, endpoints: 15 }, [0], false);
          const first = run.offer(run.generations[0]);
          await run.deliverAll();
          await first;
          for (const host of HOSTS) {
            const resolving = run.resolve(host);
            await run.deliverAll();
            expect(await resolving).toBeDefined();
          }
          run.kv.isDown = true;
          for (const change of changes) {
            run.publish(change, [0], false);
            const offer = run.offer(run.generations.at(-1));
            await run.deliverAll();
            await offer;
            for (const host of HOSTS) {
              const resolving = run.resolve(host);
              await run.deliverAll();
              // A generation that changed nothing has the first one's root, and needs no reading.
              expect((await resolving)?.pointer.root).toBe(run.generations[0]?.pointer.root);
            }
          }
        },
      ),
      { numRuns: 20, examples: [[[{ hosts: 0, endpoints: 0 }]]] },
    );
  });

  it("keeps a host on the last generation that it can read while the leaves of newer ones are missing", async () => {
    const run = new Run({ byteBudget: 1_000_000 });
    run.publish({ hosts: 31, endpoints: 15 }, [0], false);
    const settle = async <T>(work: Promise<T>): Promise<T> => {
      await run.deliverAll();
      return work;
    };
    await settle(run.offer(run.generations[0]));
    const [host = "", other = ""] = HOSTS;
    await settle(run.resolve(host));
    for (let count = 0; count < 8; count++) {
      run.publish({ hosts: 3, endpoints: 0 }, [0], false);
      const broken = [...(run.generations.at(-1)?.writes ?? [])].find(([, value]) => value.includes(`${host} of`));
      run.kv.lostKeys.add(broken?.[0] ?? "");
      await settle(run.offer(run.generations.at(-1)));
      await settle(run.reader.prefetch());
      expect((await settle(run.resolve(host)))?.pointer.generation).toBe(1);
      const sharesLeaf = broken?.[1].includes(`${other} of`);
      if (!sharesLeaf) expect((await settle(run.resolve(other)))?.pointer.generation).toBe(count + 2);
    }
    expect(run.reader.status().snapshots.length).toBeLessThanOrEqual(4);
  });

  it("answers a new isolate from the data centre's cache when KV is away", async () => {
    const lastGood = createLastGood();
    const first = new Run({ byteBudget: 1_000_000, lastGood });
    first.publish({ hosts: 31, endpoints: 15 }, [0], false);
    const offer = first.offer(first.generations[0]);
    await first.deliverAll();
    await offer;
    const warm = first.resolve("a.example.com");
    await first.deliverAll();
    await warm;

    const second = new Run({ byteBudget: 1_000_000, lastGood });
    second.generations.push(...first.generations);
    second.kv.isDown = true;
    const recovering = second.reader.recover();
    await second.deliverAll();
    expect(await recovering).toBe(true);
    const resolving = second.resolve("a.example.com");
    await second.deliverAll();
    expect((await resolving)?.pointer.generation).toBe(1);
  });
});
