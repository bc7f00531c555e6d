import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange, keepsOwnBody } from "../exchange/fork-exchange.ts";
import type { HopFailure } from "../hop/hop.ts";
import { contentLength, withKnownLength } from "../origin/known-length.ts";
import type { Failover } from "../table/service.ts";
import { createReplayBody } from "./replay-body.ts";
import type { ServiceFactory } from "./service.ts";

/** Bytes of a body kept for the fallback while the main service is tried. */
const MAX_KEPT = 64 * 1024;

/**
 * Sends requests to the fallback when the main service has nobody who can serve, or none of them can be reached. A
 * request with a body goes there too as long as no more of it was read than is kept; else the client gets the failure.
 */
export const compileFailover: ServiceFactory<Failover> = (name, options, context, service) => {
  const main = service(options.service);
  const fallback = service(options.fallback);

  function failOver(exchange: Exchange): Promise<Response> {
    context.count("failed-over", name);
    return fallback.handle(exchange);
  }

  async function tryMain(exchange: Exchange): Promise<Response> {
    const body = keepsOwnBody(exchange) ? null : bodyOf(exchange);
    const replay = body === null ? undefined : createReplayBody(body, MAX_KEPT);
    const length = contentLength(exchange.headers);
    const withBody = (stream: ReadableStream<Uint8Array>) =>
      forkExchange(exchange, { body: withKnownLength(stream, length, context.fixedLength) });

    const first = replay === undefined ? forkExchange(exchange, {}) : withBody(replay.first);
    let second: Exchange | undefined;
    let response: Response;
    try {
      response = await main.handle(first);
      if (canBeSentElsewhere(first.failure)) {
        const rest = replay?.again();
        if (replay === undefined) second = exchange;
        else if (rest !== undefined) second = withBody(rest);
      }
    } finally {
      if (second === undefined) replay?.settle();
    }
    if (second === undefined) {
      exchange.failure = first.failure;
      return response;
    }
    await response.body?.cancel();
    const answer = await failOver(second);
    exchange.failure = second.failure;
    return answer;
  }

  return {
    name,
    endpointKeys: [...new Set([...main.endpointKeys, ...fallback.endpointKeys])],
    canServe: (exchange) => main.canServe(exchange) || fallback.canServe(exchange),
    async handle(exchange) {
      if (!fallback.canServe(exchange)) return main.handle(exchange);
      return main.canServe(exchange) ? tryMain(exchange) : failOver(exchange);
    },
  };
};

/** Whether no endpoint can have seen anything of the request. */
const canBeSentElsewhere = (failure: HopFailure | undefined): boolean =>
  failure === "unreachable" || failure === "no-endpoint";
