import { noteGuard } from "./guard.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/**
 * Traefik's retry (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/retry/), done by the
 * origin gateway, which knows the Pods.
 */
export const retry: MiddlewareFactory<"retry"> = {
  type: "retry",
  build: (_, { name }) => noteGuard(name),
};
