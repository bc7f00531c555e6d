import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createPlanner, type Plan } from "../../src/snapshot/plan.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { createObjectStore, type ObjectStore } from "../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { answerParent } from "./child.ts";
import { endpointSliceOf, middlewareOf, NAMESPACES, objectsOfService } from "./cluster-objects.ts";

/** What the agent's own work costs in a cluster of so many Services, each with an EndpointSlice and a route. */
export interface AgentCost {
  services: number;
  /** From the objects to a plan of everything. */
  firstSeconds: number;
  /** Milliseconds from a Pod's coming to the plan, for each of the changes. */
  changeMs: number[];
  /** Milliseconds from a route's edit to the plan, for each of the edits. */
  editMs: number[];
  /** KV writes for a Pod's coming, the root included. */
  writesPerChange: number;
  rootBytes: number;
  /** MiB of heap that the objects take, and what is made of them. */
  objectsMib: number;
  madeMib: number;
  /** MiB of the whole process. */
  rssMib: number;
}

const CHANGES = 200;
const EDITS = 50;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

answerParent({
  measure: async (services: number): Promise<AgentCost> => {
    const before = heapMib();
    const objects = fill(services);
    const objectsMib = heapMib() - before;

    const publish = createPublisher(objects);
    const started = performance.now();
    publish();
    const firstSeconds = (performance.now() - started) / 1000;
    const madeMib = heapMib() - before - objectsMib;

    let writes = 0;
    const changeMs = times(CHANGES, (round) => {
      objects.put(endpointSliceOf((round * 7919) % services, [0, 1, 2 + (round % 5)]));
      return () => {
        writes += publish().writes.size;
      };
    });
    const editMs = times(EDITS, (round) => {
      for (const object of objectsOfService((round * 104_729) % services, `/v${round}`)) objects.put(object);
      return publish;
    });
    return {
      services,
      firstSeconds,
      changeMs,
      editMs,
      writesPerChange: writes / CHANGES,
      rootBytes: publish().stats.rootBytes,
      objectsMib,
      madeMib,
      rssMib: process.memoryUsage.rss() / 2 ** 20,
    };
  },
});

function fill(services: number): ObjectStore {
  const objects = createObjectStore();
  for (let namespace = 0; namespace < NAMESPACES; namespace++) objects.put(middlewareOf(namespace));
  for (let index = 0; index < services; index++) for (const object of objectsOfService(index)) objects.put(object);
  return objects;
}

/** Translates and plans what is there, on what was planned before. */
function createPublisher(objects: ObjectStore): () => Plan {
  const translator = createTranslator(defaultSettings());
  const planner = createPlanner({ hash: contentHash });
  let current: { hash: string; root: Plan["root"] } | undefined;
  return () => {
    const planned = planner.plan({ desired: translator.translate(objects).table, publisher: "bench", current });
    current = { hash: planned.rootHash, root: planned.root };
    return planned;
  };
}

function times(rounds: number, prepare: (round: number) => () => unknown): number[] {
  return Array.from({ length: rounds }, (_, round) => {
    const work = prepare(round);
    const started = performance.now();
    work();
    return performance.now() - started;
  });
}

function heapMib(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
