import type { ChildRouter } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import type { TcpRouter, TcpService, UdpRouter, UdpService } from "../../src/table/tcp.ts";
import type { RecordPart, TablePart } from "./table-part.ts";

type Service = Table["services"][string];
type Middleware = Table["middlewares"][string];

/** Called for each name that an entry of the table refers to; what it returns takes the name's place. */
export type Rename = (part: RecordPart, name: string) => string;

const mapRouter = <R extends ChildRouter>(router: R, rename: Rename): R => ({
  ...router,
  service: rename("services", router.service),
  middlewares: router.middlewares.map((name) => rename("middlewares", name)),
});

/** A middleware with its references renamed. */
function mapMiddleware(middleware: Middleware, rename: Rename): Middleware {
  if (middleware.type === "chain") {
    return { ...middleware, middlewares: middleware.middlewares.map((name) => rename("middlewares", name)) };
  }
  return "service" in middleware && middleware.service !== undefined
    ? { ...middleware, service: rename("services", middleware.service) }
    : middleware;
}

function mapService(service: Service, rename: Rename): Service {
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
    case "routers":
      return { ...service, routers: service.routers.map((router) => mapRouter(router, rename)) };
    case "status":
      return service;
  }
}

const mapTcpRouter = (router: TcpRouter, rename: Rename): TcpRouter => ({
  ...router,
  service: rename("tcpServices", router.service),
  middlewares: router.middlewares.map((name) => rename("tcpMiddlewares", name)),
  ...(router.tls?.options === undefined
    ? {}
    : { tls: { ...router.tls, options: rename("tlsOptions", router.tls.options) } }),
});

function mapTcpService(service: TcpService, rename: Rename): TcpService {
  if (service.type === "weighted") return mapChildren("tcpServices", service, rename);
  return {
    ...service,
    endpoints: rename("relayEndpoints", service.endpoints),
    ...(service.serversTransport === undefined
      ? {}
      : { serversTransport: rename("serversTransports", service.serversTransport) }),
  };
}

const mapUdpRouter = (router: UdpRouter, rename: Rename): UdpRouter => ({
  ...router,
  service: rename("udpServices", router.service),
});

const mapUdpService = (service: UdpService, rename: Rename): UdpService =>
  service.type === "weighted"
    ? mapChildren("udpServices", service, rename)
    : { ...service, endpoints: rename("relayEndpoints", service.endpoints) };

const mapChildren = <T extends { children: { service: string; weight: number }[] }>(
  part: RecordPart,
  service: T,
  rename: Rename,
): T => ({
  ...service,
  children: service.children.map((child) => ({ ...child, service: rename(part, child.service) })),
});

type Entry<P extends keyof TablePart> = TablePart[P] extends readonly (infer T)[]
  ? T
  : TablePart[P][keyof TablePart[P]];

const same = <T>(value: T): T => value;

/** An entry of a part with its references renamed. */
export const mapEntry: { readonly [P in keyof TablePart]: (entry: Entry<P>, rename: Rename) => Entry<P> } = {
  routers: mapRouter,
  services: mapService,
  middlewares: mapMiddleware,
  endpoints: same,
  serversTransports: same,
  relayEndpoints: same,
  tcpRouters: mapTcpRouter,
  tcpServices: mapTcpService,
  tcpMiddlewares: same,
  udpRouters: mapUdpRouter,
  udpServices: mapUdpService,
  tlsOptions: same,
  certificates: same,
};
