import { MAX_LEAF_BYTES } from "../../src/snapshot/leaf-keys.ts";
import type { Plan } from "../../src/snapshot/plan.ts";
import type { Table } from "../../src/table/table.ts";
import { changesSince } from "../../src/table/table-changes.ts";
import { TABLE_VERSION } from "../../src/table/table-version.ts";

export interface GuardRequest {
  /** What is served now, undefined when nothing is. */
  before: Table | undefined;
  after: Table;
  stats: Plan["stats"];
  /** Share of routes, of services, or of services that have endpoints, that may go in one step, from 0 to 1. */
  maxLoss: number;
  /** Lets go whatever goes. */
  allowLoss: boolean;
  /** The newest format that the Worker reads; undefined when it did not say. */
  workerReads: number | undefined;
}

/** `message` says what is wrong, with the numbers, and what to do. */
export type GuardVerdict =
  | { ok: true }
  | { ok: false; code: "mass-deletion"; message: string; what: string; gone: number; of: number }
  | { ok: false; code: "root-too-large" | "leaf-too-large"; message: string; bytes: number; limit: number }
  | { ok: false; code: "newer-version"; message: string };

/** Fewer say nothing about an accident: taking down the last of two routes is a day's work. */
const FEW = 4;
/**
 * A root beyond this is no table but an accident: it is read by every isolate that starts. It bounds the whole as well,
 * to the 16,000 leaves that such a root can name.
 */
const MAX_ROOT_BYTES = 256 * 1024;
/** What a root should not have, as the edge is measured with it. */
const LARGE_ROOT_BYTES = 100 * 1024;

/**
 * Looks at a table before it is published, as at anybody's input: how much of what is served would go, how large it
 * is, whether the Worker can read it.
 */
export function guardPublish({ before, after, stats, maxLoss, allowLoss, workerReads }: GuardRequest): GuardVerdict {
  if (workerReads !== undefined && workerReads < TABLE_VERSION) {
    const message = `the Worker reads tables of format ${workerReads} only, this is format ${TABLE_VERSION}: deploy the Worker first`;
    return { ok: false, code: "newer-version", message };
  }
  const tooLarge = judgeSize(stats);
  if (tooLarge !== undefined) return tooLarge;
  if (allowLoss || before === undefined) return { ok: true };
  for (const { what, gone, of } of countLosses(before, after)) {
    if (gone < FEW || gone / of <= maxLoss) continue;
    const share = Math.round((100 * gone) / of);
    const message = `${gone} of ${of} ${what} (${share} %) would go in one step, more than ${Math.round(maxLoss * 100)} %: if that is meant, --allow-loss lets it happen`;
    return { ok: false, code: "mass-deletion", message, what, gone, of };
  }
  return { ok: true };
}

/** @returns what to tell people of a root that is larger than it should be, though it is published */
export function describeLargeRoot({ rootBytes }: Plan["stats"]): string | undefined {
  if (rootBytes <= LARGE_ROOT_BYTES) return undefined;
  return `the root has ${rootBytes} bytes: beyond ${LARGE_ROOT_BYTES} isolates start slowly, beyond ${MAX_ROOT_BYTES} nothing is published`;
}

function judgeSize({ rootBytes, largestLeafBytes }: Plan["stats"]) {
  const refuse = (code: "root-too-large" | "leaf-too-large", what: string, bytes: number, limit: number) => {
    const message = `${what} has ${bytes} bytes, at most ${limit} are published: look for what makes so many routes`;
    return { ok: false, code, message, bytes, limit } as const;
  };
  if (rootBytes > MAX_ROOT_BYTES) return refuse("root-too-large", "the root", rootBytes, MAX_ROOT_BYTES);
  if (largestLeafBytes > MAX_LEAF_BYTES) return refuse("leaf-too-large", "a leaf", largestLeafBytes, MAX_LEAF_BYTES);
  return undefined;
}

interface Loss {
  what: string;
  gone: number;
  of: number;
}

/**
 * What goes, where it is more than a few. Costs what has changed, where one table was made of the other: how much there
 * was is counted only when it matters, since reading a part of a large table copies it.
 */
function countLosses(before: Table, after: Table): Loss[] {
  const { routers, services, endpoints } = changesSince(before, after);
  const serves = (table: Table, key: string): boolean =>
    Object.hasOwn(table.endpoints, key) && (table.endpoints[key]?.endpoints.length ?? 0) > 0;
  const emptied = [...endpoints.removed];
  for (const [key, entry] of Object.entries(endpoints.put)) if (entry.endpoints.length === 0) emptied.push(key);
  const loss = (what: string, candidates: readonly string[], had: () => ReadonlySet<string>): Loss[] => {
    if (candidates.length < FEW) return [];
    const known = had();
    return [{ what, gone: candidates.filter((name) => known.has(name)).length, of: known.size }];
  };
  return [
    ...loss("routes", routers.removed, () => new Set(before.routers.map(({ name }) => name))),
    ...loss("services", services.removed, () => new Set(Object.keys(before.services))),
    ...loss(
      "services with endpoints",
      emptied,
      () => new Set(Object.keys(before.endpoints).filter((key) => serves(before, key))),
    ),
  ];
}
