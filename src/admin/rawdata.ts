import type { ChildRouter } from "../table/router.ts";
import type { Service } from "../table/service.ts";
import type { Table } from "../table/table.ts";

interface Element {
  status: "enabled" | "disabled";
  error?: string[];
  [field: string]: unknown;
}

/** The table in the shape of Traefik's `/api/rawdata`, so that its dashboards and scripts read it. */
export interface RawData {
  routers: Record<string, Element>;
  middlewares: Record<string, Element>;
  services: Record<string, Element>;
}

/** @returns every router, middleware and service with what uses it; servers as URLs with their status. */
export function toRawData(table: Table): RawData {
  const below = routersBelow(table);
  const all = [...table.routers, ...below.map(({ router }) => router)];
  const routersByService = usersOf(all, (router) => [router.service]);
  const routersByMiddleware = usersOf(all, (router) => router.middlewares);
  return {
    routers: Object.fromEntries([
      ...table.routers.map((router) => [
        router.name,
        {
          ...describeRouter(router),
          entryPoints: router.entryPoints,
          ...(router.tls && { tls: {} }),
          using: router.entryPoints,
        },
      ]),
      ...below.map(({ router, parents }) => [router.name, { ...describeRouter(router), parentRefs: [...parents] }]),
    ]),
    middlewares: Object.fromEntries(
      Object.entries(table.middlewares).map(([name, { type, ...options }]) => [
        name,
        { [type]: options, status: "enabled", usedBy: routersByMiddleware.get(name) ?? [] },
      ]),
    ),
    services: Object.fromEntries(
      Object.entries(table.services).map(([name, service]) => [
        name,
        { ...describeService(service, table), status: "enabled", usedBy: routersByService.get(name) ?? [] },
      ]),
    ),
  };
}

const describeRouter = ({ middlewares, service, ruleText, priority, closedBy }: ChildRouter): Element => ({
  middlewares,
  service,
  rule: ruleText,
  priority,
  ...(closedBy === undefined ? { status: "enabled" } : { status: "disabled", error: [`closed by ${closedBy}`] }),
});

/** The routers that stand below others, each once, with those that they stand below. */
function routersBelow({ routers, services }: Table): { router: ChildRouter; parents: Set<string> }[] {
  const found = new Map<string, { router: ChildRouter; parents: Set<string> }>();
  const parents: ChildRouter[] = [...routers];
  // What is appended meanwhile is visited too.
  for (const parent of parents) {
    const service = Object.hasOwn(services, parent.service) ? services[parent.service] : undefined;
    if (service?.type !== "routers") continue;
    for (const router of service.routers) {
      const known = found.get(router.name);
      known?.parents.add(parent.name);
      if (known !== undefined) continue;
      found.set(router.name, { router, parents: new Set([parent.name]) });
      parents.push(router);
    }
  }
  return [...found.values()];
}

function usersOf(
  routers: readonly ChildRouter[],
  used: (router: ChildRouter) => readonly string[],
): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const router of routers) {
    for (const name of used(router)) {
      const names = users.get(name);
      if (names === undefined) users.set(name, [router.name]);
      else names.push(router.name);
    }
  }
  return users;
}

function describeService(service: Service, table: Table): Record<string, unknown> {
  switch (service.type) {
    case "loadBalancer": {
      const endpoints = table.endpoints[service.endpoints]?.endpoints ?? [];
      const urls = endpoints.map(({ address, port, state }) => ({
        url: `${service.scheme}://${address.includes(":") ? `[${address}]` : address}:${port}`,
        state,
      }));
      return {
        type: "loadbalancer",
        loadBalancer: {
          servers: urls.map(({ url, state }) => (state === "ready" ? { url } : { url, fenced: true })),
          passHostHeader: service.passHostHeader,
          ...(service.sticky && { sticky: { cookie: service.sticky } }),
          ...(service.serversTransport !== undefined && { serversTransport: service.serversTransport }),
        },
        serverStatus: Object.fromEntries(urls.map(({ url }) => [url, "UP"])),
      };
    }
    case "weighted":
      return {
        type: "weighted",
        weighted: {
          services: service.children.map(({ service: name, weight }) => ({ name, weight })),
          ...(service.sticky && { sticky: { cookie: service.sticky } }),
        },
      };
    case "mirroring": {
      const { service: main, mirrorBody, maxBodySize, mirrors } = service;
      return {
        type: "mirroring",
        mirroring: {
          service: main,
          mirrorBody,
          maxBodySize,
          mirrors: mirrors.map(({ service: name, percent }) => ({ name, percent })),
        },
      };
    }
    case "failover":
      return { type: "failover", failover: { service: service.service, fallback: service.fallback } };
    case "filtered":
      return { type: "filtered", filtered: { middlewares: service.middlewares, service: service.service } };
    case "routers":
      return { type: "routers", routers: service.routers.map(({ name }) => name) };
    case "status":
      return { type: "status", answer: { status: service.status } };
  }
}
