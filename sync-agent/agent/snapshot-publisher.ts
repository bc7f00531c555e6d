import { createPlanner, type Planner, type PlanProblem } from "../../src/snapshot/plan.ts";
import { contentHash } from "../publish/content-hash.ts";
import { type PublishResult, publish } from "../publish/publisher.ts";
import type { SnapshotStore } from "../publish/snapshot-store.ts";
import type { PublishOutcome, PublishProblem, Refusal, TablePublisher } from "./agent-parts.ts";

/** A store that issues epochs. */
export interface ClaimingStore extends SnapshotStore {
  claim(atLeast: number): Promise<number>;
}

export interface SnapshotPublisherOptions {
  /** Publishes however much would go. */
  allowLoss?: boolean;
  /** Told how long each plan took. */
  onPlanned?: (seconds: number) => void;
}

/** Publishes tables as snapshots in KV, under the beacon's pointer. */
export function createSnapshotPublisher(
  store: ClaimingStore,
  { allowLoss = false, onPlanned }: SnapshotPublisherOptions = {},
): TablePublisher {
  const planner = timedPlanner(onPlanned);
  return {
    claim: (atLeast) => store.claim(atLeast),
    publish: async (table, { epoch }) =>
      toOutcome(await publish(store, table, { epoch, allowEmpty: allowLoss, planner })),
    pointer: async () => (await store.current())?.pointer ?? null,
    isFatal: () => false,
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
    const { status, pointer, problems } = result;
    return { status, pointer, problems: problems.map(tell) };
  }
  const { reason, pointer } = result;
  return reason === "empty-table"
    ? { status: "refused", reason: "guarded", pointer, message: "no route would be left; --allow-loss lets it happen" }
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
        message: `the router ${problem.router} is left out: with all that it refers to it has ${problem.bytes} bytes`,
      };
    case "endpoints-cut":
      return {
        code: problem.code,
        message: `not all endpoints of ${problem.endpoints} fit; the edge sees the first ones`,
      };
  }
}
