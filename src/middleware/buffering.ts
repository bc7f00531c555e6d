import { plainAnswer } from "../edge/plain-answer.ts";
import { dropBody } from "../exchange/drop-body.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange, keepsOwnBody } from "../exchange/fork-exchange.ts";
import { limitBody } from "./limit-body.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/**
 * The limits of Traefik's buffering
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/buffering/), kept while bodies pass
 * through: an isolate has no room to hold them. 0 is no limit.
 */
export const buffering: MiddlewareFactory<"buffering"> = {
  type: "buffering",
  build({ maxRequestBodyBytes, maxResponseBodyBytes }) {
    return (next) => async (exchange) => {
      if (maxRequestBodyBytes <= 0) return limitResponse(await next(exchange), maxResponseBodyBytes);
      const length = contentLength(exchange.request.headers);
      if (length !== undefined && length > maxRequestBodyBytes) return plainAnswer(413);
      // The runtime sees to it that a body with a length has no other, and a GET can be sent with its own body only.
      const body = length === undefined && !keepsOwnBody(exchange) ? bodyOf(exchange) : null;
      if (body === null) return limitResponse(await next(exchange), maxResponseBodyBytes);
      const answer = await sendLimited(next, exchange, body, maxRequestBodyBytes);
      return limitResponse(answer, maxResponseBodyBytes);
    };
  },
};

async function sendLimited(
  next: (exchange: Exchange) => Promise<Response>,
  exchange: Exchange,
  body: ReadableStream<Uint8Array>,
  limit: number,
): Promise<Response> {
  let isExceeded = false;
  const limited = limitBody(body, limit, () => {
    isExceeded = true;
  });
  const fork = forkExchange(exchange, { body: limited });
  try {
    const answer = await next(fork);
    exchange.failure = isExceeded ? undefined : fork.failure;
    if (!isExceeded) return answer;
    dropBody(answer);
    return plainAnswer(413);
  } catch (error) {
    if (isExceeded) return plainAnswer(413);
    throw error;
  }
}

/** One that says that it is too long is refused; one that turns out to be is cut, since its beginning has been sent. */
function limitResponse(response: Response, limit: number): Response {
  if (limit <= 0 || response.body === null) return response;
  const length = contentLength(response.headers);
  if (length === undefined)
    return new Response(
      limitBody(response.body, limit, () => {}),
      response,
    );
  if (length <= limit) return response;
  dropBody(response);
  return plainAnswer(500);
}

function contentLength(headers: Headers): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
