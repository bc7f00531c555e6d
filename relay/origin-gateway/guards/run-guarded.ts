import type { HopFailure } from "../../../src/hop/hop.ts";
import { statusOf } from "../answer.ts";
import { enterAll, type Refusal } from "./guard.ts";
import type { GuardPlan } from "./guard-set.ts";

/** A request on its way through its guards. `Answer` is what its client gets. */
export interface GuardedRequest<Answer> {
  /** Told once, when nothing can be answered any more: the client has its answer, or is gone. Never told if that is so already. */
  onEnd(listener: () => void): void;
  /** Sends it. @param onStatus to be told the status of a Pod's answer before the client gets it */
  send(onStatus: (status: number) => void): Promise<{ answer: Answer } | HopFailure>;
}

/** Lets a request in, or not, and tells those who let it in what became of it. */
export async function runGuarded<Answer>(
  { guards }: GuardPlan,
  request: GuardedRequest<Answer>,
): Promise<{ answer: Answer } | { refusal: Refusal } | HopFailure> {
  const pass = enterAll(guards);
  if ("status" in pass) return { refusal: pass };
  request.onEnd(() => pass.left());
  const outcome = await request.send((status) => pass.answered(status));
  if (typeof outcome === "string") pass.answered(statusOf(outcome));
  return outcome;
}
