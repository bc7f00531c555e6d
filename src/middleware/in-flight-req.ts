import { byRouter, noteGuard } from "./guard.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { compileSource } from "./source-criterion.ts";

/**
 * Traefik's inFlightReq
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/inflightreq/), counted by the origin
 * gateway. Requests are told apart by their host unless a source is named.
 */
export const inFlightReq: MiddlewareFactory<"inFlightReq"> = {
  type: "inFlightReq",
  build: ({ sourceCriterion = { requestHost: true } }, { name }) =>
    noteGuard(name, byRouter(compileSource(sourceCriterion))),
};
