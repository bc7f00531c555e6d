import type { Handler } from "../exchange/exchange.ts";
import type { Service } from "../table/service.ts";
import type { ServiceFactory } from "./service.ts";

/** A service behind middlewares of its own; the first named meets the request first. */
export const compileFiltered: ServiceFactory<Extract<Service, { type: "filtered" }>> = (
  name,
  options,
  context,
  service,
) => {
  const target = service(options.service);
  const handle = options.middlewares.reduceRight<Handler>(
    (next, middleware) => context.middleware(middleware)(next),
    target.handle,
  );
  return { name, endpointKeys: target.endpointKeys, canServe: (exchange) => target.canServe(exchange), handle };
};
