import type { Router, Table } from "../table/table.ts";
import { canonicalJson, utf8Length } from "./canonical-json.ts";

/** One named entry of a leaf's record, already written: `"name":{...}`. */
export interface Fragment {
  readonly name: string;
  readonly text: string;
  /** UTF-8 bytes of `text`. */
  readonly bytes: number;
}

/** A router with everything that a leaf must hold beside it. Equal fragments are the same object. */
export interface RouteUnit {
  readonly router: Router;
  readonly text: string;
  /** UTF-8 bytes of `text`. */
  readonly bytes: number;
  readonly services: readonly Fragment[];
  readonly middlewares: readonly Fragment[];
}

/** @returns the written form of a record's entry */
export function toFragment(name: string, value: unknown): Fragment {
  const text = `${JSON.stringify(name)}:${canonicalJson(value)}`;
  return { name, text, bytes: utf8Length(text) };
}

/**
 * Writes the routers of a table, each with the services and middlewares that it refers to over any number of steps.
 * A name that the table does not have is left out: whoever reads the leaf meets the same dangling name.
 */
export function createRouteUnits(table: Table): RouteUnit[] {
  const serviceFragments = memoise((name) => fragmentOf(table.services, name));
  const middlewareFragments = memoise((name) => fragmentOf(table.middlewares, name));
  return table.routers.map((router) => {
    const { services, middlewares } = collectReferences(table, router);
    const text = canonicalJson(router);
    return {
      router,
      text,
      bytes: utf8Length(text),
      services: services.map(serviceFragments).filter((fragment) => fragment !== undefined),
      middlewares: middlewares.map(middlewareFragments).filter((fragment) => fragment !== undefined),
    };
  });
}

function collectReferences(table: Table, router: Router): { services: string[]; middlewares: string[] } {
  const services = new Set([router.service]);
  const middlewares = new Set(router.middlewares);
  // A set's iteration also visits what is added meanwhile, so each name is followed once, cycles included.
  for (const name of services) {
    const service = Object.hasOwn(table.services, name) ? table.services[name] : undefined;
    switch (service?.type) {
      case "weighted":
        for (const child of service.children) services.add(child.service);
        break;
      case "mirroring":
        services.add(service.service);
        for (const mirror of service.mirrors) services.add(mirror.service);
        break;
      case "failover":
        services.add(service.service).add(service.fallback);
        break;
      case "filtered":
        services.add(service.service);
        for (const middleware of service.middlewares) middlewares.add(middleware);
        break;
    }
  }
  for (const name of middlewares) {
    const middleware = Object.hasOwn(table.middlewares, name) ? table.middlewares[name] : undefined;
    if (middleware?.type === "chain") for (const next of middleware.middlewares) middlewares.add(next);
  }
  return { services: [...services], middlewares: [...middlewares] };
}

function fragmentOf(record: Record<string, unknown>, name: string): Fragment | undefined {
  return Object.hasOwn(record, name) ? toFragment(name, record[name]) : undefined;
}

function memoise<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = make(name);
    made.set(name, value);
    return value;
  };
}
