import type { BalanceState } from "../../src/balance/balance-state.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { bodyOf } from "../../src/exchange/fork-exchange.ts";
import type { HopFailure } from "../../src/hop/hop.ts";
import type { Destination } from "../../src/origin/send.ts";
import type { LoadBalancer } from "../../src/table/service.ts";
import { dialTimeoutOf } from "../origin-gateway/connect-options.ts";
import type { DialFailures } from "../origin-gateway/dial-failures.ts";
import type { EndpointPools } from "../origin-gateway/endpoint-pools.ts";
import { type GatewayTable, transportOf } from "../origin-gateway/gateway-table.ts";
import { orderTargets } from "../origin-gateway/order-targets.ts";
import { type Target, targetsOf } from "../origin-gateway/target.ts";
import { answerHeaders, serverHeaders } from "./call-headers.ts";
import type { PodAnswer } from "./pod-answer.ts";
import { type CallOutcome, callPod } from "./pod-call.ts";

export interface AskServiceOptions {
  table: () => GatewayTable;
  pools: EndpointPools;
  failures: DialFailures;
  balance: BalanceState;
  /** Told of each connection that an endpoint refused. */
  onRefusedDial: () => void;
  /** Told of each question to a load balancer whose transport is not known. */
  onUnknownTransport: (service: LoadBalancer) => void;
}

/**
 * Sends what a middleware asks by itself (who may pass, which keys there are) as a request of HTTP, over whatever the
 * service speaks. An endpoint that refuses is passed over; a request that one may have begun is not sent again, unless it
 * is a GET over a connection that was kept.
 */
export async function askService(
  exchange: Exchange,
  { options: service, endpoints }: Destination,
  { table, pools, failures, balance, onRefusedDial, onUnknownTransport }: AskServiceOptions,
): Promise<{ answer: Response } | HopFailure> {
  const current = table();
  const transport = transportOf(service, current);
  if (transport === "unknown") {
    onUnknownTransport(service);
    return "unreachable";
  }
  const { method } = exchange.request;
  const stream = bodyOf(exchange);
  // Whoever asks with a body has read it before, as far as it allows.
  const body = stream === null ? undefined : Buffer.from(await new Response(stream).arrayBuffer());
  const isRepeatable = body === undefined && (method === "GET" || method === "HEAD");
  const attempt = async (target: Target, signal: AbortSignal, isFresh = false): Promise<Outcome> => {
    const host = service.passHostHeader && exchange.host !== "" ? exchange.host : target.authority;
    const headers = serverHeaders(exchange, host);
    if (body !== undefined) headers.push("content-length", String(body.length));
    const need = { maxIdleMs: isFresh ? 0 : MAX_IDLE_MS, watchMs: 0 };
    const connection = pools.get(target, service, transport, false).take(need);
    const request = { method, path: `${exchange.path}${exchange.query}`, headers, body: body ? once(body) : null };
    const called = await callPod(connection, request, {
      signal,
      dialTimeoutMs: dialTimeoutOf(transport) || undefined,
      answerLeftMs: transport?.responseHeaderTimeoutMs || undefined,
    });
    if (called.kind === "answered") {
      failures.answered(target.authority);
      return toResponse(called.answer).catch(() => "failed" as const);
    }
    // It was the connection that ended, not the endpoint.
    const isStale = connection.isReused && !signal.aborted;
    const mayRepeat = called.kind === "unprocessed" || (called.kind === "failed" && isRepeatable);
    return isStale && mayRepeat ? attempt(target, signal, true) : called.kind;
  };
  let isTried = false;
  for (const target of orderTargets(targetsOf(endpoints), service.endpoints, undefined, balance, failures)) {
    isTried = true;
    const outcome = await withinLimit(exchange.signal, (signal) => attempt(target, signal));
    if (outcome instanceof Response) return { answer: outcome };
    switch (outcome) {
      case "refused":
        failures.failed(target.authority);
        onRefusedDial();
        break;
      case "timeout":
        return "timeout";
      case "failed":
        return "broken";
    }
  }
  return isTried ? "unreachable" : "no-endpoint";
}

type Outcome = Response | Exclude<CallOutcome["kind"], "answered">;

/** Shorter than many servers keep idle connections: one that is closed as it is used costs another try, or the question. */
const MAX_IDLE_MS = 4_000;

/** For all of a question, in which the answer is read as far as it is short. */
const LIMIT_MS = 60_000;

async function withinLimit<T>(signal: AbortSignal | undefined, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  try {
    return await ask(signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]));
  } finally {
    clearTimeout(timer);
  }
}

async function* once(body: Buffer): AsyncGenerator<Buffer, void> {
  yield body;
}

/** Statuses without a body (Fetch, section 2.2.6). */
const EMPTY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Bodies that are read at once, so that the connection can carry the next question whether or not anyone wants them. */
const SHORT_BODY = 64 * 1024;

async function toResponse(answer: PodAnswer): Promise<Response> {
  const { status, lines } = answer;
  const headers = answerHeaders(lines);
  const length = Number(headers.get("content-length") ?? Number.POSITIVE_INFINITY);
  if (!EMPTY.has(status) && !(length <= SHORT_BODY)) return new Response(answer.body.stream, { status, headers });
  const held = await new Response(answer.body.stream).arrayBuffer();
  return new Response(EMPTY.has(status) || held.byteLength === 0 ? null : held, { status, headers });
}
