import type { FeedState } from "../../src/feed/feed-document.ts";
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
 * A service that has left the table is known for some minutes more, with the endpoints that it had last: requests that
 * an edge routed by an older table are still on their way. Endpoints that left a service which is still there are gone
 * at once.
 */
export class GatewayTableHolder implements GatewayTableSource {
  readonly #options: GatewayTableHolderOptions;
  readonly #left = new Map<string, Left>();
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
    this.#table = table;
    for (const [name, { until }] of this.#left) {
      if (until <= now || Object.hasOwn(table.services, name)) this.#left.delete(name);
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

  #merge(table: Table, pointer: Pointer): GatewayTable {
    const { services, endpoints, serversTransports } = table;
    if (this.#left.size === 0) return { pointer, services, endpoints, serversTransports };
    const merged = {
      pointer,
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
