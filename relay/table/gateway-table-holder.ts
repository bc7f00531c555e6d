import type { FeedState } from "../../src/feed/feed-document.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import type { Endpoints, ServersTransport, Service } from "../../src/table/service.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import type { GatewayTable, GatewayTableSource } from "../origin-gateway/gateway-table.ts";

export interface GatewayTableHolderOptions {
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  /** How long a service is known after it left the table. Default 5 minutes. */
  keepMs?: number;
}

/** Longer than any edge goes on with a table without looking for a newer one. */
const KEEP_MS = 5 * 60_000;

interface Left {
  service: Service;
  endpoints: Endpoints | undefined;
  transport: ServersTransport | undefined;
  until: number;
}

/**
 * What the origin gateway works from, made of what the feed brings and swapped as a whole.
 *
 * A service or a middleware that has left the table is known for some minutes more, a service with the endpoints that it
 * had last: requests that an edge routed by an older table are still on their way. Endpoints that left a service which is
 * still there are gone at once.
 */
export class GatewayTableHolder implements GatewayTableSource {
  readonly #options: GatewayTableHolderOptions;
  readonly #left = new Map<string, Left>();
  readonly #leftMiddlewares = new Map<string, { middleware: Middleware; until: number }>();
  #table: Table | undefined;
  #current: GatewayTable | undefined;

  constructor(options: GatewayTableHolderOptions) {
    this.#options = options;
  }

  current(): GatewayTable | undefined {
    return this.#current;
  }

  /** @returns the table that requests are answered by from now on */
  take({ table, pointer }: FeedState): GatewayTable {
    const now = this.#options.now();
    if (this.#table !== undefined && this.#table.services !== table.services) this.#noteLeft(this.#table, table, now);
    if (this.#table !== undefined && this.#table.middlewares !== table.middlewares) {
      this.#noteLeftMiddlewares(this.#table, table, now);
    }
    this.#table = table;
    for (const [name, { until }] of this.#left) {
      if (until <= now || Object.hasOwn(table.services, name)) this.#left.delete(name);
    }
    for (const [name, { until }] of this.#leftMiddlewares) {
      if (until <= now || Object.hasOwn(table.middlewares, name)) this.#leftMiddlewares.delete(name);
    }
    this.#current = this.#merge(table, pointer ?? NO_POINTER);
    return this.#current;
  }

  #noteLeft(before: Table, after: Table, now: number): void {
    const until = now + (this.#options.keepMs ?? KEEP_MS);
    for (const [name, service] of Object.entries(before.services)) {
      if (Object.hasOwn(after.services, name)) continue;
      const isLoadBalancer = service.type === "loadBalancer";
      this.#left.set(name, {
        service,
        endpoints: isLoadBalancer ? own(before.endpoints, service.endpoints) : undefined,
        transport: isLoadBalancer ? own(before.serversTransports, service.serversTransport) : undefined,
        until,
      });
    }
  }

  #noteLeftMiddlewares(before: Table, after: Table, now: number): void {
    const until = now + (this.#options.keepMs ?? KEEP_MS);
    for (const [name, middleware] of Object.entries(before.middlewares)) {
      if (!Object.hasOwn(after.middlewares, name)) this.#leftMiddlewares.set(name, { middleware, until });
    }
  }

  #mergeMiddlewares({ middlewares }: Table): GatewayTable["middlewares"] {
    if (this.#leftMiddlewares.size === 0) return middlewares;
    const left = [...this.#leftMiddlewares].map(([name, { middleware }]) => [name, middleware] as const);
    return { ...middlewares, ...Object.fromEntries(left) };
  }

  #merge(table: Table, pointer: Pointer): GatewayTable {
    const { services, endpoints, serversTransports } = table;
    const middlewares = this.#mergeMiddlewares(table);
    if (this.#left.size === 0) return { pointer, services, endpoints, serversTransports, middlewares };
    const merged = {
      pointer,
      middlewares,
      services: { ...services },
      endpoints: { ...endpoints },
      serversTransports: { ...serversTransports },
    };
    for (const [name, { service, endpoints: last, transport }] of this.#left) {
      merged.services[name] = service;
      if (service.type !== "loadBalancer") continue;
      if (last !== undefined) merged.endpoints[service.endpoints] ??= last;
      if (transport !== undefined) merged.serversTransports[service.serversTransport ?? ""] ??= transport;
    }
    return merged;
  }
}

/** Older than any that an edge has, so that none is told of it. */
const NO_POINTER: Pointer = { publisher: "", epoch: 0, generation: 0, root: "" };

const own = <T>(record: Readonly<Record<string, T>>, name: string | undefined): T | undefined =>
  name !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
