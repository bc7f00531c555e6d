import type { Middleware } from "../table/middleware.ts";
import type { Router } from "../table/router.ts";
import type { Service } from "../table/service.ts";

/** The entries of a table, or of a leaf, by their names. */
export interface Entries {
  service(name: string): Service | undefined;
  middleware(name: string): Middleware | undefined;
}

export interface References {
  readonly services: readonly string[];
  readonly middlewares: readonly string[];
}

/** What a router refers to over any number of steps, each name once; also names that there are no entries of. */
export function collectReferences(entries: Entries, router: Pick<Router, "service" | "middlewares">): References {
  const services = new Set<string>();
  const middlewares = new Set<string>();
  const steps: (() => void)[] = [];
  const useService = (name: string): void => {
    if (services.has(name)) return;
    services.add(name);
    steps.push(() => followService(entries.service(name), useService, useMiddleware));
  };
  const useMiddleware = (name: string): void => {
    if (middlewares.has(name)) return;
    middlewares.add(name);
    steps.push(() => {
      const middleware = entries.middleware(name);
      if (middleware?.type === "chain") middleware.middlewares.forEach(useMiddleware);
      if (middleware !== undefined) servicesOf(middleware).forEach(useService);
    });
  };
  useService(router.service);
  router.middlewares.forEach(useMiddleware);
  // What is appended meanwhile is visited too.
  for (const step of steps) step();
  return { services: [...services], middlewares: [...middlewares] };
}

type Use = (name: string) => void;

function followService(service: Service | undefined, useService: Use, useMiddleware: Use): void {
  switch (service?.type) {
    case "weighted":
      for (const child of service.children) useService(child.service);
      break;
    case "mirroring":
      useService(service.service);
      for (const mirror of service.mirrors) useService(mirror.service);
      break;
    case "failover":
      useService(service.service);
      useService(service.fallback);
      break;
    case "filtered":
      useService(service.service);
      service.middlewares.forEach(useMiddleware);
      break;
    case "routers":
      for (const router of service.routers) {
        useService(router.service);
        router.middlewares.forEach(useMiddleware);
      }
      break;
  }
}

/** The services that a middleware asks by itself. */
export const servicesOf = (middleware: Middleware): string[] =>
  "service" in middleware && middleware.service !== undefined ? [middleware.service] : [];
