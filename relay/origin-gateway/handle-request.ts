import type { HopFailure } from "../../src/hop/hop.ts";
import { admitRequest } from "./admit-request.ts";
import { answerFailure, answerRefusal, refuseRequest } from "./answer.ts";
import type { ClientExchange } from "./client-exchange.ts";
import type { Gateway } from "./gateway.ts";
import { GrpcWebExchange, isGrpcWeb } from "./grpc-web-exchange.ts";
import type { GuardPlan } from "./guards/guard-set.ts";
import { sendGuarded } from "./guards/send-guarded.ts";
import type { Admitted } from "./known-hops.ts";
import { podLines, type Sending, type Sent, tryTargets } from "./try-targets.ts";

/** Takes one request from the edge to a Pod: admitted, then tried target by target until one answers. */
export async function handleRequest(client: ClientExchange, gateway: Gateway): Promise<void> {
  gateway.counters.requests++;
  if (!isTarget(client.target) || !isUpgrade(client)) {
    gateway.counters.failed++;
    return refuseRequest(client);
  }
  const sent: Sent = { times: 0 };
  const asked = admitRequest(client, gateway);
  const admitted = asked instanceof Promise ? await asked : asked;
  const failure = "failure" in admitted ? admitted.failure : await sendAdmitted(client, admitted, gateway, sent);
  if (failure === undefined) return;
  gateway.counters.failed++;
  const lines = "hop" in admitted ? podLines(admitted.hop, "-", sent) : [];
  answerFailure(client, failure, [...(admitted.answerHeaders ?? []), ...lines]);
}

/**
 * Whether a target is one that an edge can have sent. One with a scheme would tell the Pod another host than Host does
 * (RFC 9112, section 3.2.2), and a fragment is no part of a target.
 */
const isTarget = (target: string): boolean => /^(?:\/[^#\0- \x7f]*|\*)$/.test(target);

/** A request that wants to change protocols has no body: one side would read it as the request's, the other as the tunnel's. */
const isUpgrade = ({ upgrade, hasBody }: ClientExchange): boolean => upgrade === undefined || !hasBody;

/** @returns why no target answered; undefined when the client has an answer, or went away */
function sendAdmitted(
  received: ClientExchange,
  admitted: Admitted,
  gateway: Gateway,
  sent: Sent,
): Promise<HopFailure | undefined> {
  const { service, transport, guards } = admitted;
  const client = isGrpcWeb(received, service, transport) ? new GrpcWebExchange(received) : received;
  const sending: Sending = { client, admitted, sent };
  return guards === undefined ? tryTargets(sending, gateway) : sendHeld(sending, guards, gateway);
}

async function sendHeld(sending: Sending, plan: GuardPlan, gateway: Gateway): Promise<HopFailure | undefined> {
  const { client, admitted } = sending;
  // No event would tell any more that it is over.
  if (client.isClosed) return undefined;
  const outcome = await sendGuarded(sending, plan, gateway);
  if (typeof outcome === "string") return client.isClosed ? undefined : outcome;
  if ("refusal" in outcome) answerRefusal(client, outcome.refusal, admitted.answerHeaders);
  return undefined;
}
