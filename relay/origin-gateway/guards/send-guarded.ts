import type { Gateway } from "../gateway.ts";
import { ResendableBody } from "../resendable-body.ts";
import { type Sending, tryTargets } from "../try-targets.ts";
import type { GuardPlan } from "./guard-set.ts";
import { type GuardedOutcome, type GuardedRequest, runGuarded } from "./run-guarded.ts";

/** Sends a request as what it is held to allows, as often as that asks for. Its client must still be there. */
export async function sendGuarded(
  sending: Sending,
  plan: GuardPlan,
  gateway: Gateway,
): Promise<GuardedOutcome<undefined>> {
  const { client } = sending;
  const { guards } = gateway;
  const { method, hasBody } = client;
  const isKept = hasBody && plan.retry?.keepsBody(method) === true;
  const body = isKept
    ? new ResendableBody(
        client.readBody(() => {}),
        plan.retry?.mostKept,
        guards.heldBytes,
      )
    : undefined;
  const tried = new Set<string>();
  const request: GuardedRequest<undefined> = {
    method,
    onEnd: (listener) => client.onClose(listener),
    isWhole: () => !hasBody || body?.isWhole === true,
    send: async (accepts, times) =>
      (await tryTargets(sending, gateway, { accepts, body, tried, times })) ?? { answer: undefined },
  };
  try {
    return await runGuarded(plan, request, guards);
  } finally {
    body?.end();
  }
}
