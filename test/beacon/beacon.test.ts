import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BeaconBinding } from "../../sync-agent/publish/beacon-binding.ts";
import { createBindingStore } from "../../sync-agent/publish/binding-store.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import { describeStore } from "../publish/store-contract.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";
import { type RunningBeacon, startBeacon } from "./start-beacon.ts";

let directory: string;
let running: RunningBeacon;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-beacon-"));
  running = await startBeacon(directory);
});
afterAll(async () => {
  await running.close();
  await rm(directory, { recursive: true, force: true });
});

const root = (letter: string) => letter.repeat(16);

describe("the beacon in workerd", () => {
  it("lets one of two writers win each time", async () => {
    const beacon = running.beacon("race");
    const accepted: number[] = [];
    const write = async (letter: string): Promise<number> => {
      let wins = 0;
      for (let round = 0; round < 30; round++) {
        const seen = await beacon.current();
        const answer = await beacon.advance({
          expected: seen && { epoch: seen.epoch, generation: seen.generation },
          next: { epoch: 1, root: root(letter), publisher: "race" },
        });
        if (!answer.accepted) continue;
        wins++;
        accepted.push(answer.pointer.generation);
      }
      return wins;
    };
    const wins = await Promise.all([write("a"), write("b")]);
    const total = wins.reduce((sum, count) => sum + count, 0);
    expect(accepted.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    expect((await beacon.current())?.generation).toBe(total);
  });

  it("lets exactly one of many writers that saw the same pointer win", async () => {
    const beacon = running.beacon("herd");
    const letters = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const answers = await Promise.all(
      letters.map((letter) =>
        beacon.advance({ expected: null, next: { epoch: 1, root: root(letter), publisher: "herd" } }),
      ),
    );
    expect(answers.filter(({ accepted }) => accepted)).toHaveLength(1);
    expect(await beacon.history()).toHaveLength(1);
  });

  it("refuses what is no request", async () => {
    const beacon: { advance(request: unknown): Promise<unknown> } = running.beacon("nonsense") as never;
    await expect(beacon.advance({ expected: null, next: { epoch: "1" } })).rejects.toThrow();
    expect(await running.beacon("nonsense").current()).toBeNull();
  });

  it("remembers across a restart", async () => {
    const store = createBindingStore({ publisher: "restart", kv: running.kv, beacon: running.beacon("restart") });
    const table = makeTable([makeRouter("r", hostRule("a.example.com"))]);
    const result = await publish(store, table, { epoch: 3 });
    await running.close();
    running = await startBeacon(directory);
    const again = createBindingStore({ publisher: "restart", kv: running.kv, beacon: running.beacon("restart") });
    expect((await again.current())?.pointer).toEqual(result.pointer);
    expect(await publish(again, table, { epoch: 3 })).toMatchObject({ status: "unchanged" });
  });
});

let stores = 0;

describeStore("KV with a beacon", async () => {
  const beacon: BeaconBinding = running.beacon(`store-${stores++}`);
  await running.clear();
  return createBindingStore({ publisher: "test", kv: running.kv, beacon });
});

describeStore(
  "KV with its own pointer",
  async () => {
    await running.clear();
    return createBindingStore({ publisher: "test", kv: running.kv });
  },
  { remembersOlder: false },
);
