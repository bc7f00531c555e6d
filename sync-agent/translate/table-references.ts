import type { Router, Table } from "../../src/table/table.ts";

type Part = "services" | "middlewares" | "endpoints" | "serversTransports";
type Service = Table["services"][string];
type Middleware = Table["middlewares"][string];

/** Called for each name that an entry of the table refers to; what it returns takes the name's place. */
export type Rename = (part: Part, name: string) => string;

/** A router with its references renamed. */
export const mapRouter = (router: Router, rename: Rename): Router => ({
  ...router,
  service: rename("services", router.service),
  middlewares: router.middlewares.map((name) => rename("middlewares", name)),
});

/** A middleware with its references renamed. */
export const mapMiddleware = (middleware: Middleware, rename: Rename): Middleware =>
  middleware.type === "chain"
    ? { ...middleware, middlewares: middleware.middlewares.map((name) => rename("middlewares", name)) }
    : middleware;

/** A service with its references renamed. */
export function mapService(service: Service, rename: Rename): Service {
  const child = <T extends { service: string }>(one: T): T => ({ ...one, service: rename("services", one.service) });
  switch (service.type) {
    case "loadBalancer":
      return {
        ...service,
        endpoints: rename("endpoints", service.endpoints),
        ...(service.serversTransport === undefined
          ? {}
          : { serversTransport: rename("serversTransports", service.serversTransport) }),
      };
    case "weighted":
      return { ...service, children: service.children.map(child) };
    case "mirroring":
      return { ...child(service), mirrors: service.mirrors.map(child) };
    case "failover":
      return { ...child(service), fallback: rename("services", service.fallback) };
    case "filtered":
      return { ...child(service), middlewares: service.middlewares.map((name) => rename("middlewares", name)) };
    case "status":
      return service;
  }
}
