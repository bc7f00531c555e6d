import { createPlanner, type Planner, type PlanProblem } from "../../src/snapshot/plan.ts";
import { describeTooLarge } from "../../src/snapshot/route-units.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { contentHash } from "../publish/content-hash.ts";
import { describePlan } from "../publish/describe-plan.ts";
import { describeLargeRoot, guardPublish } from "../publish/guard-publish.ts";
import { PublishError } from "../publish/publish-error.ts";
import { type PublishResult, publish } from "../publish/publisher.ts";
import { readPublished } from "../publish/read-published.ts";
import type { SnapshotStore } from "../publish/snapshot-store.ts";
import type { PublishOutcome, PublishProblem, Refusal, TablePublisher } from "./agent-parts.ts";

export interface SnapshotPublisherOptions {
  /** Share of routes or services that may go in one step, from 0 to 1. */
  maxLoss?: number;
  /** Publishes however much would go. */
  allowLoss?: boolean;
  /** The newest format of tables that the Worker reads; undefined when it does not say. */
  workerReads?: () => Promise<number | undefined>;
  /** Told how long each plan took. */
  onPlanned?: (seconds: number) => void;
  /** Milliseconds on a clock that never goes back. */
  now?: () => number;
}

/** Publishes tables as snapshots in KV, under the beacon's pointer. */
export interface SnapshotPublisher extends TablePublisher {
  /** What publishing a table would change, as lines of text. */
  describe(table: Table): Promise<string>;
}

const MAX_LOSS = 0.5;
/** KV shows everywhere within some minutes what was written; what is missing after this is lost. */
const LOST_AFTER_MS = 5 * 60_000;

export function createSnapshotPublisher(
  store: SnapshotStore,
  options: SnapshotPublisherOptions = {},
): SnapshotPublisher {
  const { maxLoss = MAX_LOSS, allowLoss = false, workerReads = async () => undefined, onPlanned } = options;
  const { now = () => performance.now() } = options;
  const planner = timedPlanner(onPlanned);
  /** What this process published, or has read back. */
  let published: { root: string; table: Table } | undefined;
  let missing: { root: string; since: number } | undefined;

  const readTableAt = async ({ root }: Pointer): Promise<Table | undefined> => {
    if (published?.root !== root) {
      const table = await readPublished(store, { root });
      published = table && { root, table };
    }
    return published?.table;
  };

  /** Nothing tells how much would go of a table that cannot be read: it is not taken for an empty one. */
  const readServed = async (pointer: Pointer): Promise<Table | undefined> => {
    const table = await readTableAt(pointer);
    if (table !== undefined || allowLoss) return table;
    if (missing?.root !== pointer.root) missing = { root: pointer.root, since: now() };
    if (now() - missing.since >= LOST_AFTER_MS) return undefined;
    throw new PublishError("transient", `generation ${pointer.generation}, which is served, is not whole in KV yet`);
  };

  const describe = async (table: Table): Promise<string> => {
    const current = await store.current();
    const planned = planner.plan({
      desired: table,
      publisher: store.publisher,
      current: current?.root && { hash: current.pointer.root, root: current.root },
    });
    return describePlan(current && (await readServed(current.pointer)), table, planned);
  };

  return {
    describe,
    claim: (atLeast) => store.claim(atLeast),
    async publish(table, { epoch, signal }) {
      let before: Table | undefined;
      const result = await publish(store, table, {
        epoch,
        signal,
        allowEmpty: true,
        planner,
        async isWhole({ pointer }) {
          before = await readServed(pointer);
          return before !== undefined;
        },
        guard: async ({ stats }) =>
          guardPublish({ before, after: table, stats, maxLoss, allowLoss, workerReads: await workerReads() }),
      });
      if (result.status !== "refused") published = { root: result.pointer.root, table };
      const outcome = toOutcome(result);
      const isPinned = outcome.status === "refused" && outcome.reason === "pinned";
      return isPinned ? { ...outcome, plan: await describe(table) } : outcome;
    },
    pointer: async () => (await store.pointer()) ?? null,
    isFatal: (error) => error instanceof PublishError && error.code === "fatal",
    close: async () => {},
  };
}

function timedPlanner(onPlanned: (seconds: number) => void = () => {}): Planner {
  const planner = createPlanner({ hash: contentHash });
  return {
    plan(request) {
      const startedAt = performance.now();
      const plan = planner.plan(request);
      onPlanned((performance.now() - startedAt) / 1000);
      return plan;
    },
  };
}

function toOutcome(result: PublishResult): PublishOutcome {
  if (result.status !== "refused") {
    const { status, pointer, problems, stats } = result;
    const largeRoot = describeLargeRoot(stats);
    const large = largeRoot === undefined ? [] : [{ code: "root-large", message: largeRoot }];
    return { status, pointer, problems: [...problems.map(tell), ...large] };
  }
  const { reason, pointer, message } = result;
  return reason === "empty-table" || reason === "guarded"
    ? { status: "refused", reason: "guarded", pointer, message: message ?? "no route would be left" }
    : { status: "refused", reason, pointer, message: refusals[reason] };
}

const refusals: Readonly<Record<Exclude<Refusal, "guarded">, string>> = {
  "stale-epoch": "another writer has claimed a later epoch",
  "stale-expectation": "the pointer has moved meanwhile",
  "other-publisher": "the beacon holds the pointer of another publisher; is --publisher the Worker's PUBLISHER?",
  pinned: "the pointer is pinned by a rollback; `sluice release` lets it go",
};

function tell(problem: PlanProblem): PublishProblem {
  switch (problem.code) {
    case "router-too-large":
      return {
        code: problem.code,
        message: `the router ${problem.router} ${describeTooLarge(problem)}: with all that it refers to it has ${problem.bytes} bytes`,
      };
    case "endpoints-cut":
      return {
        code: problem.code,
        message: `not all endpoints of ${problem.endpoints} fit; the edge sees the first ones`,
      };
  }
}
