import type { Service } from "../table/service.ts";
import { compileFailover } from "./failover.ts";
import { compileFiltered } from "./filtered.ts";
import { compileLoadBalancer } from "./load-balancer.ts";
import { compileMirroring } from "./mirroring.ts";
import { noAvailableServer } from "./no-available-server.ts";
import { compileRouters } from "./routers.ts";
import type { CompiledService, ServiceContext } from "./service.ts";
import { compileStatus } from "./status.ts";
import { compileWeighted } from "./weighted.ts";

/**
 * Makes the services of a leaf ready to answer, each with those below it when it is first asked for.
 *
 * @returns the service of a name. One that cannot be built (no such service, a cycle, a middleware that fails) is
 * closed: it is reported, answers 503, and counts as one that cannot serve, so that its siblings take its requests.
 */
export function compileServices(
  services: Readonly<Record<string, Service>>,
  context: ServiceContext,
): (name: string) => CompiledService {
  const compiled = new Map<string, CompiledService>();
  const inProgress = new Set<string>();

  function find(name: string): CompiledService {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    if (inProgress.has(name)) return close(name, "it contains itself");
    const options = Object.hasOwn(services, name) ? services[name] : undefined;
    inProgress.add(name);
    try {
      const service = options === undefined ? close(name, "there is no such service") : build(name, options);
      compiled.set(name, service);
      return service;
    } catch (error) {
      const service = close(name, String(error));
      compiled.set(name, service);
      return service;
    } finally {
      inProgress.delete(name);
    }
  }

  function build(name: string, options: Service): CompiledService {
    switch (options.type) {
      case "loadBalancer":
        return compileLoadBalancer(name, options, context, find);
      case "weighted":
        return compileWeighted(name, options, context, find);
      case "mirroring":
        return compileMirroring(name, options, context, find);
      case "failover":
        return compileFailover(name, options, context, find);
      case "filtered":
        return compileFiltered(name, options, context, find);
      case "routers":
        return compileRouters(name, options, context, find);
      case "status":
        return compileStatus(name, options, context, find);
    }
  }

  function close(name: string, reason: string): CompiledService {
    context.report({ event: "service-closed", service: name, reason });
    return {
      name,
      endpointKeys: [],
      canServe: () => false,
      async handle(exchange) {
        exchange.failure = "no-endpoint";
        return noAvailableServer();
      },
    };
  }

  return find;
}
