import { type Hop, type HopFailure, POD_HEADER } from "../../src/hop/hop.ts";
import type { LoadBalancer, ServersTransport } from "../../src/table/service.ts";
import { type Attempt, needsChoice } from "../health/choices.ts";
import { bodyBegun } from "./await-body.ts";
import type { ClientExchange } from "./client-exchange.ts";
import { dialTimeoutOf } from "./connect-options.ts";
import type { Gateway } from "./gateway.ts";
import { othersFirst } from "./guards/others-first.ts";
import type { AttemptTimes } from "./guards/run-guarded.ts";
import type { Admitted } from "./known-hops.ts";
import { orderTargets } from "./order-targets.ts";
import { findSession, sessionLine } from "./pod-cookie.ts";
import { polled } from "./polled.ts";
import { requestHeaders } from "./request-headers.ts";
import type { ResendableBody } from "./resendable-body.ts";
import { type AttemptOutcome, sendToPod } from "./send-to-pod.ts";
import type { Target } from "./target.ts";

/** Methods that may be sent twice (RFC 9110, section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
/**
 * How long a connection may have been idle that carries a request which may be sent but once. Programs end idle ones
 * after seconds at the least.
 */
const MAX_IDLE_BEFORE_UPLOAD_MS = 500;
/**
 * How long a new connection to a Pod that is ending is watched before it carries such a request: longer than a busy
 * program takes to accept one, for what it has not accepted when it stops listening is reset.
 */
const WATCH_MS = 250;
/** How long one of several targets may take to accept a connection: a sibling is worth more than patience. */
const SIBLING_DIAL_TIMEOUT_MS = 3_000;

/** How long a Pod may take to answer what is mirrored: nobody waits for that at the edge longer than 30 s. */
const MIRROR_TIMEOUT_MS = 25_000;

/** How often a request was sent. */
export interface Sent {
  times: number;
}

/** What the edge wants to know of a request that it logs. */
export const podLines = ({ logged }: Hop, authority: string, { times }: Sent): string[] =>
  logged ? [POD_HEADER, `${authority} ${Math.max(0, times - 1)}`] : [];

/** A request that may be sent on. */
export interface Sending {
  client: ClientExchange;
  admitted: Admitted;
  sent: Sent;
}

/** What of a request goes on over its attempts. */
interface Attempts {
  /** Told the status of a Pod's answer; false when the client is not to get it. */
  accepts: (status: number) => boolean;
  /** In place of the client's own. */
  body: ResendableBody | undefined;
  /** Where it failed, or was answered in a way that the client did not get: others come first. */
  tried: Set<string>;
  times: AttemptTimes;
}

/**
 * Tries target by target until one answers.
 *
 * @returns why no target answered; undefined when one did, or when the client went away
 */
export function tryTargets(sending: Sending, gateway: Gateway): Promise<HopFailure | undefined>;
/** @returns besides, `declined` when an answer was not accepted */
export function tryTargets(
  sending: Sending,
  gateway: Gateway,
  attempts: Attempts,
): Promise<HopFailure | "declined" | undefined>;
export async function tryTargets(
  { client, admitted, sent }: Sending,
  { pools, balance, failures, choices, guards, counters, isTableLive, now }: Gateway,
  attempts?: Attempts,
): Promise<HopFailure | "declined" | undefined> {
  const { hop, service, transport, targets, answerHeaders } = admitted;
  sent.times++;
  client.invite();
  const upgrade = tunnelOf(client);
  const dialTimeoutMs = dialTimeoutOf(transport);
  const siblingTimeoutMs =
    dialTimeoutMs === 0 ? SIBLING_DIAL_TIMEOUT_MS : Math.min(dialTimeoutMs, SIBLING_DIAL_TIMEOUT_MS);
  const header = (name: string): string | undefined => lineOf(client.headers[name]);
  const session = service.sticky === undefined ? undefined : findSession(service, targets, header, now());

  const choice = needsChoice(service)
    ? choices.of(service, targets, { address: hop.clientAddress, header })
    : undefined;

  const isRepeatable = canRepeat(client);
  // HTTP/2 knows which requests a Pod has not begun, and sends headers ahead of a body.
  const isCareful = !isRepeatable && service.scheme !== "h2c";
  if (isCareful && attempts?.body?.hasBegun !== true) await bodyBegun(client);

  const isEnding = (target: Target): boolean => target.isTerminating || !isTableLive();
  const attempt = async (target: Target, isFresh: boolean): Promise<AttemptOutcome> => {
    if (isCareful && !isFresh) await polled();
    return send(target, isFresh);
  };
  const send = (target: Target, isFresh: boolean): Promise<AttemptOutcome> | AttemptOutcome => {
    // Its response closed while the token was verified, or between two attempts: no event would tell any more.
    if (client.isClosed) return { kind: "abandoned" };
    const requestLeftMs = attempts === undefined ? Number.POSITIVE_INFINITY : attempts.times.deadline - guards.now();
    if (requestLeftMs <= 0) return { kind: "failed", failure: "timeout" };
    const told = service.sticky && sessionLine(service, targets, target, session, now());
    const host = service.passHostHeader && hop.host !== "" ? hop.host : ownHost(target, service);
    const connection = pools.get(target, service, transport, upgrade !== undefined).take({
      maxIdleMs: isFresh ? 0 : isCareful ? MAX_IDLE_BEFORE_UPLOAD_MS : Number.POSITIVE_INFINITY,
      watchMs: isCareful && isEnding(target) ? WATCH_MS : 0,
    });
    const tally = choice?.begin(target);
    const lines = hop.logged ? [...answerHeaders, ...podLines(hop, target.authority, sent)] : answerHeaders;
    const outcome = sendToPod(connection, {
      client,
      upgrade,
      headers: requestHeaders(client.rawHeaders, hop, host),
      answerHeaders: told === undefined ? lines : [...lines, ...told],
      dialTimeoutMs: targets.hasSiblings ? siblingTimeoutMs : undefined,
      answerTimeoutMs: answerTimeoutOf(transport, hop),
      requestLeftMs,
      backendRequestMs: attempts?.times.backendRequestMs,
      isConnectionKept: !target.isTerminating,
      body: attempts?.body,
      accepts: tally === undefined ? attempts?.accepts : tellFirst(tally, attempts?.accepts),
    });
    return tally === undefined ? outcome : endWith(tally, outcome);
  };

  const patienceEnds = dialTimeoutMs === 0 ? Number.POSITIVE_INFINITY : now() + dialTimeoutMs;
  let [isTried, isClosed] = [false, false];
  const ordered = orderTargets(targets, service.endpoints, session?.target, balance, failures, choice);
  const isLate = attempts !== undefined && attempts.tried.size > 0;
  for (const target of isLate ? othersFirst(ordered, attempts.tried, targets.lastResort, failures) : ordered) {
    isTried = true;
    const isFresh = upgrade !== undefined || target.isTerminating || (isCareful && isEnding(target));
    let outcome = await (isCareful ? attempt(target, isFresh) : send(target, isFresh));
    const isRetried =
      outcome.kind === "unprocessed" || (outcome.kind === "closed" && outcome.wasReused && isRepeatable);
    if (isRetried) outcome = await attempt(target, true);
    switch (outcome.kind) {
      case "answered":
        failures.answered(target.authority);
        return undefined;
      case "abandoned":
        return undefined;
      case "closed":
        attempts?.tried.add(target.authority);
        // A request that Pods end at is not taken from one to the next: one more, if this one is not known to be ending.
        if (!isRepeatable || (isClosed && !isEnding(target))) return "broken";
        isClosed = true;
        continue;
      case "unprocessed":
        attempts?.tried.add(target.authority);
        isClosed = true;
        continue;
      case "declined":
        failures.answered(target.authority);
        attempts?.tried.add(target.authority);
        return "declined";
      case "failed":
        attempts?.tried.add(target.authority);
        return outcome.failure;
    }
    failures.failed(target.authority);
    counters.refusedDials++;
    if (now() >= patienceEnds) break;
  }
  if (isClosed) return "broken";
  return targets.all.length === 0 || !isTried ? "no-endpoint" : "unreachable";
}

/**
 * Tells how an attempt ended that was chosen by how endpoints do. An upgrade is an answer that nobody was told of, and
 * what a connection did that was ending says nothing of the endpoint.
 */
async function endWith(tally: Attempt, sent: Promise<AttemptOutcome>): Promise<AttemptOutcome> {
  const outcome = await sent;
  const { kind } = outcome;
  const hasFailed = kind === "refused" || kind === "failed" || (kind === "closed" && !outcome.wasReused);
  tally.ended(!hasFailed);
  return outcome;
}

const tellFirst =
  (tally: Attempt, accepts: ((status: number) => boolean) | undefined) =>
  (status: number): boolean => {
    tally.answered(status);
    return accepts === undefined || accepts(status);
  };

const lineOf = (value: string | string[] | undefined): string | undefined =>
  typeof value === "string" ? value : value?.join(", ");

/** What a target is asked by that is not told the client's host: one outside the cluster without its scheme's port, as by the edge. */
const ownHost = ({ authority }: Target, { transport, scheme }: LoadBalancer): string =>
  transport === "direct" ? authority.replace(scheme === "https" ? /:443$/ : /:80$/, "") : authority;

/** How long a Pod may take to answer, in milliseconds; 0: as long as it likes. */
function answerTimeoutOf(transport: ServersTransport | undefined, { mirror }: Hop): number {
  const timeoutMs = transport?.responseHeaderTimeoutMs ?? 0;
  if (!mirror) return timeoutMs;
  return timeoutMs > 0 ? Math.min(timeoutMs, MIRROR_TIMEOUT_MS) : MIRROR_TIMEOUT_MS;
}

const canRepeat = ({ method, hasBody }: ClientExchange): boolean => IDEMPOTENT.has(method) && !hasBody;

/** What to tunnel. Not HTTP/2: nobody here would see its requests, and nobody needs it (RFC 9113, section 3.1). */
const tunnelOf = ({ upgrade }: ClientExchange): string | undefined =>
  upgrade === undefined || /\bh2c?\b/i.test(upgrade) ? undefined : upgrade;
