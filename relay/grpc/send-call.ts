import type { BalanceState } from "../../src/balance/balance-state.ts";
import { plainAnswer } from "../../src/edge/plain-answer.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { bodyOf } from "../../src/exchange/fork-exchange.ts";
import type { HopFailure } from "../../src/hop/hop.ts";
import type { Destination, Send } from "../../src/origin/send.ts";
import type { LoadBalancer } from "../../src/table/service.ts";
import { type Attempt, type Choices, needsChoice } from "../health/choices.ts";
import { dialTimeoutOf } from "../origin-gateway/connect-options.ts";
import type { DialFailures } from "../origin-gateway/dial-failures.ts";
import type { EndpointPools } from "../origin-gateway/endpoint-pools.ts";
import { type GatewayTable, transportOf } from "../origin-gateway/gateway-table.ts";
import type { Refusal } from "../origin-gateway/guards/guard.ts";
import type { GuardSet } from "../origin-gateway/guards/guard-set.ts";
import { othersFirst } from "../origin-gateway/guards/others-first.ts";
import { type AttemptTimes, type GuardedRequest, runGuarded } from "../origin-gateway/guards/run-guarded.ts";
import { orderTargets } from "../origin-gateway/order-targets.ts";
import { findSession, sessionLine } from "../origin-gateway/pod-cookie.ts";
import type { ResendableBody } from "../origin-gateway/resendable-body.ts";
import { type Target, targetsOf } from "../origin-gateway/target.ts";
import { answerStatus } from "./answer-status.ts";
import { askService } from "./ask-service.ts";
import { answerHeaders, podHeaders } from "./call-headers.ts";
import type { ClientCall } from "./client-call.ts";
import { type CallOutcome, callPod } from "./pod-call.ts";

export interface SendCallOptions {
  /** The call that a request stands for; undefined for what a middleware asks by itself. */
  callOf: (request: Request) => ClientCall | undefined;
  table: () => GatewayTable;
  pools: EndpointPools;
  failures: DialFailures;
  balance: BalanceState;
  guards: GuardSet;
  choices: Choices | undefined;
  /** Told of each connection that an endpoint refused. */
  onRefusedDial: () => void;
  /** Told of each call to a load balancer whose transport is not known. */
  onUnknownTransport: (service: LoadBalancer) => void;
}

/** How long one of several targets may take to accept a connection. */
const SIBLING_DIAL_TIMEOUT_MS = 3_000;

/**
 * Sends calls to Pods. An endpoint that refuses, or says that it has not begun the call, costs the client nothing: the
 * next one is tried. A call that a Pod may have begun is never sent twice.
 */
export function createCallSend(options: SendCallOptions): Send {
  return async (exchange, destination) => {
    const call = options.callOf(exchange.request);
    // No Pod of such a service can answer a call, and HTTP is not what the relay is asked for.
    if (call !== undefined && destination.options.scheme === "http") {
      return plainAnswer(501, "The service does not speak HTTP/2");
    }
    const outcome =
      call === undefined
        ? await askService(exchange, destination, options)
        : await sendCall(exchange, destination, call, options);
    if (typeof outcome !== "string") {
      return "answer" in outcome ? outcome.answer : plainAnswer(outcome.refusal.status, outcome.refusal.text);
    }
    exchange.failure = outcome;
    if (outcome === "timeout") return plainAnswer(504, "Gateway Timeout");
    return ["no-endpoint", "unknown-service"].includes(outcome)
      ? plainAnswer(503, "no available server")
      : plainAnswer(502, "Bad Gateway");
  };
}

async function sendCall(
  exchange: Exchange,
  destination: Destination,
  call: ClientCall,
  options: SendCallOptions,
): Promise<{ answer: Response } | { refusal: Refusal } | HopFailure> {
  const { router, guards: list } = exchange;
  const body = call.bodyFor(bodyOf(exchange));
  if (list === undefined) {
    const outcome = await tryTargets(exchange, destination, call, options, { body });
    return outcome === "declined" ? "broken" : outcome;
  }
  const plan = options.guards.plan({ router, list }, options.table().middlewares);
  if (plan === undefined) return "unknown-service";
  const signal = signalOf(exchange, call);
  if (signal.aborted) return "broken";
  const tried = new Set<string>();
  let times = 0;
  const request: GuardedRequest<Response> = {
    method: "POST",
    onEnd: (listener) => signal.addEventListener("abort", listener, { once: true }),
    isWhole: () => body.isWhole,
    send(accepts, attemptTimes) {
      if (times++ > 0 && exchange.access !== undefined) exchange.access.retries++;
      return tryTargets(exchange, destination, call, options, { body, accepts, tried, times: attemptTimes });
    },
  };
  return runGuarded(plan, request, options.guards);
}

/** What of a call goes on over its attempts. */
interface Attempts {
  body: ResendableBody;
  /** Told the status that a Pod's answer counts as; false when the client is not to get it. */
  accepts?: (status: number) => boolean;
  /** Where it was answered in a way that the client did not get: others come first. */
  tried?: Set<string>;
  times?: AttemptTimes;
}

/** Aborted when nobody waits for an answer any more. */
const signalOf = ({ mirror, signal }: Exchange, call: ClientCall): AbortSignal =>
  mirror ? (signal ?? call.signal) : call.signal;

async function tryTargets(
  exchange: Exchange,
  { options: service, endpoints }: Destination,
  call: ClientCall,
  { table, pools, failures, balance, guards, choices, onRefusedDial, onUnknownTransport }: SendCallOptions,
  { body, accepts, tried, times }: Attempts,
): Promise<{ answer: Response } | "declined" | HopFailure> {
  const current = table();
  const targets = targetsOf(endpoints);
  const session = findSession(service, targets, (name) => exchange.headers.get(name), Date.now());
  const signal = signalOf(exchange, call);
  const transport = transportOf(service, current);
  if (transport === "unknown") {
    onUnknownTransport(service);
    return "unreachable";
  }
  const dialTimeoutMs = dialTimeoutOf(transport);
  const siblingTimeoutMs =
    dialTimeoutMs === 0 ? SIBLING_DIAL_TIMEOUT_MS : Math.min(dialTimeoutMs, SIBLING_DIAL_TIMEOUT_MS);
  const choice = needsChoice(service)
    ? choices?.of(service, targets, {
        address: exchange.client.address,
        header: (name) => exchange.headers.get(name),
      })
    : undefined;

  const attempt = (target: Target, isFresh: boolean): Promise<CallOutcome> => {
    const host = service.passHostHeader && exchange.host !== "" ? exchange.host : target.authority;
    const connection = pools
      .get(target, service, transport, false)
      .take({ maxIdleMs: isFresh ? 0 : Number.POSITIVE_INFINITY, watchMs: 0 });
    const request = {
      method: "POST",
      path: `${exchange.path}${exchange.query}`,
      headers: podHeaders(exchange, host, call.leftMs),
      body: body.read(),
    };
    return callPod(connection, request, {
      signal,
      dialTimeoutMs: targets.hasSiblings ? siblingTimeoutMs : undefined,
      answerLeftMs: times && Math.max(0, Math.min(times.deadline - guards.now(), times.backendRequestMs)),
      responseTimeoutMs: transport?.responseHeaderTimeoutMs,
    });
  };

  let [isTried, isUnprocessed] = [false, false];
  const ordered = orderTargets(targets, service.endpoints, session?.target, balance, failures, choice);
  const isLate = tried !== undefined && tried.size > 0;
  for (const target of isLate ? othersFirst(ordered, tried, targets.lastResort, failures) : ordered) {
    isTried = true;
    if (exchange.access !== undefined) exchange.access.pod = target.authority;
    const tally = choice?.begin(target);
    let outcome = await attempt(target, target.isTerminating);
    // Its connection was ending; the Pod itself need not be.
    if (outcome.kind === "unprocessed" && body.isWhole && !target.isTerminating) outcome = await attempt(target, true);
    if (tally !== undefined) tell(tally, outcome, signal);
    if (outcome.kind === "answered") {
      failures.answered(target.authority);
      const { answer } = outcome;
      if (accepts?.(answerStatus(answer)) === false) {
        tried?.add(target.authority);
        answer.abandon();
        return "declined";
      }
      body.settle();
      const headers = answerHeaders(answer.lines);
      const told = sessionLine(service, targets, target, session, Date.now());
      if (told !== undefined) headers.append(...told);
      if (exchange.mirror !== true) call.answeredBy(answer);
      return { answer: new Response(answer.body.stream, { status: answer.status, headers }) };
    }
    if (outcome.kind !== "refused") tried?.add(target.authority);
    if (outcome.kind === "timeout") return "timeout";
    if (outcome.kind === "failed" || signal.aborted) return "broken";
    if (outcome.kind === "unprocessed") {
      isUnprocessed = true;
      if (!body.isWhole) return "broken";
      continue;
    }
    failures.failed(target.authority);
    onRefusedDial();
  }
  if (!isTried) return "no-endpoint";
  return isUnprocessed ? "broken" : "unreachable";
}

/** Calls of gRPC are under way until their answer begins: who streams for hours is busy with little. */
function tell(tally: Attempt, outcome: CallOutcome, signal: AbortSignal): void {
  if (outcome.kind === "answered") tally.answered(outcome.answer.status);
  tally.ended(outcome.kind === "unprocessed" || signal.aborted);
}
