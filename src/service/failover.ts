import { dropBody } from "../exchange/drop-body.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange, keepsOwnBody } from "../exchange/fork-exchange.ts";
import type { HopFailure } from "../hop/hop.ts";
import { compileStatuses } from "../middleware/compile-statuses.ts";
import { contentLength, withKnownLength } from "../origin/known-length.ts";
import type { Failover } from "../table/service.ts";
import { createReplayBody } from "./replay-body.ts";
import type { ServiceFactory } from "./service.ts";

/** Bytes of a body kept for the fallback while the main service is tried. */
const MAX_KEPT = 64 * 1024;

/**
 * Sends requests to the fallback when the main service has nobody who can serve, or none of them can be reached, or
 * where it is asked for when it answers with one of some statuses. A request with a body goes there too as long as no
 * more of it was read than is kept; else the client gets what the main service gave.
 */
export const compileFailover: ServiceFactory<Failover> = (name, options, context, service) => {
  const main = service(options.service);
  const fallback = service(options.fallback);
  const isError = options.errors === undefined ? undefined : compileStatuses(options.errors.status);
  const maxKept = options.errors?.maxBodyBytes ?? MAX_KEPT;

  function failOver(exchange: Exchange): Promise<Response> {
    context.count("failed-over", name);
    return fallback.handle(exchange);
  }

  async function tryMain(exchange: Exchange): Promise<Response> {
    const body = keepsOwnBody(exchange) ? null : bodyOf(exchange);
    const replay = body === null ? undefined : createReplayBody(body, maxKept);
    const length = contentLength(exchange.headers);
    const withBody = (stream: ReadableStream<Uint8Array>) =>
      forkExchange(exchange, { body: withKnownLength(stream, length, context.fixedLength) });

    const first = replay === undefined ? forkExchange(exchange, {}) : withBody(replay.first);
    let second: Exchange | undefined;
    let response: Response;
    try {
      response = await main.handle(first);
      const isUntouched = canBeSentElsewhere(first.failure);
      if (isUntouched || isError?.(response.status) === true) {
        const rest = replay?.again();
        if (rest !== undefined) second = withBody(rest);
        // A body that is sent with its own request alone is gone when anybody has read it.
        else if (replay === undefined && (isUntouched || bodyOf(exchange) === null)) second = exchange;
      }
    } finally {
      if (second === undefined) replay?.settle();
    }
    if (second === undefined) {
      exchange.failure = first.failure;
      return response;
    }
    dropBody(response);
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
