import type { AdvanceRefusal } from "../../src/beacon/beacon-state.ts";
import { rootKey } from "../../src/snapshot/leaf-keys.ts";
import { createPlanner, type Plan, type Planner, type PlanProblem } from "../../src/snapshot/plan.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { contentHash } from "./content-hash.ts";
import type { GuardVerdict } from "./guard-publish.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

export interface PublishOptions {
  /** Grows with each change of leader. */
  epoch: number;
  /** Lets a table without routers replace one that has some. */
  allowEmpty?: boolean;
  /** Of a writer that publishes one table after another: what they have in common is planned once. */
  planner?: Planner;
  /** Whether KV has all of what is served now; otherwise every leaf is written again. */
  isWhole?: (current: CurrentSnapshot) => Promise<boolean>;
  /** Ends a publish that nobody waits for any more, before its next step; rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Has the last word before anything is written. */
  guard?: (plan: Plan) => Promise<GuardVerdict>;
}

type CurrentSnapshot = NonNullable<Awaited<ReturnType<SnapshotStore["current"]>>>;

/**
 * `unchanged`: nothing was written, the pointer stays. `refused`: nothing is served that was not before; `empty-table`
 * when a table without routers would have replaced one that has some, `guarded` when the guard refused it, else the
 * beacon's reason.
 */
export type PublishResult =
  | { status: "published" | "unchanged"; pointer: Pointer; stats: Plan["stats"]; problems: PlanProblem[] }
  | {
      status: "refused";
      pointer: Pointer | undefined;
      reason: AdvanceRefusal | "empty-table" | "guarded";
      /** Of a guard. */
      message?: string;
      stats: Plan["stats"];
      problems: PlanProblem[];
    };

/**
 * Publishes a table: the leaves that KV lacks, then the root that names them, then the pointer. Whoever follows the
 * pointer finds all of it, and a publish that fails half way changes nothing that is served.
 *
 * @throws what the store throws, and the reason of `signal`
 */
export async function publish(store: SnapshotStore, table: Table, options: PublishOptions): Promise<PublishResult> {
  const { epoch, allowEmpty = false, planner = createPlanner({ hash: contentHash }), isWhole, signal, guard } = options;
  signal?.throwIfAborted();
  const current = await store.current();
  const known = current === undefined || (await isWhole?.(current)) === false ? undefined : current.root;
  const planned = planner.plan({
    desired: table,
    publisher: store.publisher,
    current: current && known && { hash: current.pointer.root, root: known },
  });
  const { rootHash, stats, problems } = planned;
  if (current !== undefined && current.pointer.root === rootHash && known !== undefined) {
    return { status: "unchanged", pointer: current.pointer, stats, problems };
  }
  if (!allowEmpty && table.routers.length === 0 && current?.root?.routes.some((bucket) => bucket !== "")) {
    return { status: "refused", pointer: current.pointer, reason: "empty-table", stats, problems };
  }
  const verdict = await guard?.(planned);
  if (verdict !== undefined && !verdict.ok) {
    return {
      status: "refused",
      pointer: current?.pointer,
      reason: "guarded",
      message: verdict.message,
      stats,
      problems,
    };
  }

  const rootText = planned.writes.get(rootKey(rootHash));
  const leaves = new Map(planned.writes);
  leaves.delete(rootKey(rootHash));
  signal?.throwIfAborted();
  if (leaves.size > 0) await store.put(leaves);
  signal?.throwIfAborted();
  if (rootText !== undefined) await store.put(new Map([[rootKey(rootHash), rootText]]));
  signal?.throwIfAborted();
  const answer = await store.advance({
    expected: current ? { epoch: current.pointer.epoch, generation: current.pointer.generation } : null,
    next: { epoch, root: rootHash, publisher: store.publisher },
  });
  if (answer.accepted) return { status: "published", pointer: answer.pointer, stats, problems };
  return { status: "refused", pointer: answer.pointer ?? undefined, reason: answer.reason, stats, problems };
}
