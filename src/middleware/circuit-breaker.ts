import { byRouter, noteGuard } from "./guard.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/**
 * Traefik's circuitBreaker
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/circuitbreaker/): the origin gateway
 * sees how the answers of all isolates are.
 */
export const circuitBreaker: MiddlewareFactory<"circuitBreaker"> = {
  type: "circuitBreaker",
  build: (_, { name }) =>
    noteGuard(
      name,
      byRouter(() => ""),
    ),
};
