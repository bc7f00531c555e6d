import { plainAnswer } from "../edge/plain-answer.ts";
import type { Service } from "../table/service.ts";
import { noAvailableServer } from "./no-available-server.ts";
import type { ServiceFactory } from "./service.ts";

/** Reason phrases of the statuses that stand in for services (RFC 9110, section 15). */
const texts: Readonly<Record<number, string>> = {
  403: "Forbidden",
  404: "404 page not found",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  504: "Gateway Timeout",
};

/**
 * Answers with a status. A 503 stands for a service that is not there: a weighted service leaves it out and a
 * failover passes it by. Any other status is an answer like any other (Gateway API wants an invalid backend's share
 * of requests to get a 500).
 */
export const compileStatus: ServiceFactory<Extract<Service, { type: "status" }>> = (name, { status }) => ({
  name,
  endpointKeys: [],
  canServe: () => status !== 503,
  async handle(exchange) {
    if (status !== 503) return status < 400 ? new Response(null, { status }) : plainAnswer(status, texts[status]);
    exchange.failure = "no-endpoint";
    return noAvailableServer();
  },
});
