import type { IncomingMessage, ServerResponse } from "node:http";
import type { HopFailure } from "../../src/hop/hop.ts";
import { admitRequest } from "./admit-request.ts";
import { answerFailure } from "./answer.ts";
import type { Gateway } from "./gateway.ts";
import { authorityOf } from "./order-endpoints.ts";
import type { Attempt } from "./plan-attempts.ts";
import { requestHeaders } from "./request-headers.ts";
import { type AttemptOutcome, hasBody, sendToPod } from "./send-to-pod.ts";

/** Methods that may be sent twice (RFC 9110, section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
/** Kept connections that may turn out closed, one after another, before the next target is tried. */
const MAX_CLOSED = 2;

/** Takes one request from the edge to a Pod: admitted, then tried target by target until one answers. */
export async function handleRequest(request: IncomingMessage, response: ServerResponse, gateway: Gateway) {
  gateway.counters.requests++;
  const admitted = await admitRequest(request, gateway);
  if ("failure" in admitted) return answerFailure(response, admitted.failure, admitted.answerHeaders);
  const { hop, service, table, attempts, answerHeaders } = admitted;

  const attempt = ({ target, setCookie }: Attempt): Promise<AttemptOutcome> => {
    const host = service.passHostHeader && hop.host !== "" ? hop.host : authorityOf(target);
    return sendToPod(gateway.pools.get(target, service, table), {
      request,
      response,
      headers: requestHeaders(request, hop, host),
      answerHeaders: setCookie === undefined ? answerHeaders : [...answerHeaders, "set-cookie", setCookie],
    });
  };

  let failure: HopFailure = "unreachable";
  for (const candidate of attempts) {
    const authority = authorityOf(candidate.target);
    let outcome = await attempt(candidate);
    // A kept connection that the Pod closed in the meantime says nothing about the Pod.
    for (let closed = 0; outcome.kind === "closed" && closed < MAX_CLOSED && canRepeat(request); closed++) {
      outcome = await attempt(candidate);
    }
    switch (outcome.kind) {
      case "answered":
        gateway.failures.answered(authority);
        return;
      case "abandoned":
        return;
      case "refused":
        gateway.failures.failed(authority);
        gateway.counters.dialRetries++;
        continue;
      case "closed":
        failure = "broken";
        break;
      case "failed":
        failure = outcome.failure;
        break;
    }
    break;
  }
  gateway.counters.failed++;
  answerFailure(response, failure, answerHeaders);
}

const canRepeat = (request: IncomingMessage): boolean =>
  IDEMPOTENT.has(request.method ?? "") && !hasBody(request) && request.headers.upgrade === undefined;
