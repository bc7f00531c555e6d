import { leafKey, rootKey } from "../../src/snapshot/leaf-keys.ts";
import { parseRoot } from "../../src/snapshot/parse-root.ts";
import { namedLeaves } from "../../src/snapshot/plan.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

export type RollBackResult =
  | { status: "rolled-back"; pointer: Pointer }
  | { status: "refused"; reason: "unknown-generation" | "root-unreadable" | "leaves-missing" | "moved" };

/**
 * Points to the root of an older generation: a new generation with the old content. Pinned, it stays there until it is
 * released, whatever the agent would publish meanwhile. Refused when the old tree is no
 * longer whole, or when somebody published meanwhile.
 */
export async function rollBack(
  store: SnapshotStore,
  generation: number,
  epoch: number,
  pin?: { reason: string },
): Promise<RollBackResult> {
  const history = await store.history();
  const current = history[0]?.pointer;
  const target = history.find(({ pointer }) => pointer.generation === generation)?.pointer;
  if (current === undefined || target === undefined) return { status: "refused", reason: "unknown-generation" };

  const text = (await store.get([rootKey(target.root)])).get(rootKey(target.root));
  const parsed = text == null ? undefined : parseRoot(text);
  if (!parsed?.ok) return { status: "refused", reason: "root-unreadable" };
  const leaves = await store.get([...namedLeaves(parsed.root)].map(leafKey));
  for (const value of leaves.values()) if (value === null) return { status: "refused", reason: "leaves-missing" };

  const answer = await store.advance({
    expected: { epoch: current.epoch, generation: current.generation },
    next: { epoch, root: target.root, publisher: store.publisher },
    ...(pin && { pin }),
  });
  return answer.accepted ? { status: "rolled-back", pointer: answer.pointer } : { status: "refused", reason: "moved" };
}
