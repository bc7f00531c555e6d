import type { Plan } from "../../src/snapshot/plan.ts";
import { TABLE_VERSION, type Table } from "../../src/table/table.ts";

export interface GuardRequest {
  /** What is served now, undefined when it cannot be read or nothing is. */
  before: Pick<Table, "routers" | "services"> | undefined;
  after: Pick<Table, "routers" | "services">;
  stats: Plan["stats"];
  /** Share of routes or of services that may go in one step, from 0 to 1. */
  maxLoss: number;
  /** Lets go whatever goes. */
  allowLoss: boolean;
  /** The newest format that the Worker reads; undefined when it did not say. */
  workerReads: number | undefined;
}

export type GuardVerdict =
  | { ok: true }
  | { ok: false; code: "mass-deletion" | "root-too-large" | "leaf-too-large" | "newer-version"; message: string };

/** Fewer say nothing about an accident: taking down the last of two routes is a day's work. */
const FEW = 4;
/** A root beyond this is no table but an accident: it is read by every isolate that starts. */
const MAX_ROOT_BYTES = 256 * 1024;
const MAX_LEAF_BYTES = 128 * 1024;

/**
 * Looks at a table before it is published, as at anybody's input: how much of what is served would go, how large it
 * is, whether the Worker can read it.
 */
export function guardPublish({ before, after, stats, maxLoss, allowLoss, workerReads }: GuardRequest): GuardVerdict {
  if (workerReads !== undefined && workerReads < TABLE_VERSION) {
    const message = `the Worker reads tables of format ${workerReads} only, this is format ${TABLE_VERSION}: deploy the Worker first`;
    return { ok: false, code: "newer-version", message };
  }
  if (stats.rootBytes > MAX_ROOT_BYTES) {
    return {
      ok: false,
      code: "root-too-large",
      message: `the root has ${stats.rootBytes} bytes, at most ${MAX_ROOT_BYTES} are published`,
    };
  }
  if (stats.largestLeafBytes > MAX_LEAF_BYTES) {
    return {
      ok: false,
      code: "leaf-too-large",
      message: `a leaf has ${stats.largestLeafBytes} bytes, at most ${MAX_LEAF_BYTES} are published`,
    };
  }
  if (allowLoss || before === undefined) return { ok: true };
  const losses = [
    {
      what: "routes",
      ...countLoss(
        before.routers.map(({ name }) => name),
        new Set(after.routers.map(({ name }) => name)),
      ),
    },
    { what: "services", ...countLoss(Object.keys(before.services), new Set(Object.keys(after.services))) },
  ];
  for (const { what, gone, of } of losses) {
    if (gone < FEW || gone / of <= maxLoss) continue;
    const share = Math.round((100 * gone) / of);
    const message = `${gone} of ${of} ${what} (${share} %) would go in one step, more than ${Math.round(maxLoss * 100)} %: if that is meant, --allow-loss lets it happen`;
    return { ok: false, code: "mass-deletion", message };
  }
  return { ok: true };
}

function countLoss(before: readonly string[], after: ReadonlySet<string>): { gone: number; of: number } {
  return { gone: before.filter((name) => !after.has(name)).length, of: before.length };
}
