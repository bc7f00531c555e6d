import type { LoadBalancer, ServersTransport } from "../../src/table/service.ts";
import { type SpiffeTrust, withoutSpiffe } from "../spiffe/spiffe-trust.ts";
import { AlpnPool } from "./alpn-pool.ts";
import { clientOptions, http2Options, maxIdleOf } from "./connect-options.ts";
import type { ConnectionPool } from "./connection.ts";
import { type GatewayTable, transportOf } from "./gateway-table.ts";
import { Http1Pool } from "./http1-pool.ts";
import { Http2Pool } from "./http2-pool.ts";
import { authorityOf, type Target } from "./target.ts";

interface Entry {
  pool: ConnectionPool;
  authority: string;
  transport: ServersTransport | undefined;
  /** Whether it is kept no longer. */
  isGone: boolean;
}

/** Connections to Pods, kept for as long as their endpoint is in the table. */
export class EndpointPools {
  readonly #entries = new Map<string, Entry>();
  /** What a target was last asked for with: its key is not written down for each request. */
  readonly #last = new WeakMap<Target, { service: LoadBalancer; isUpgrade: boolean; entry: Entry }>();
  readonly #now: () => number;
  readonly #spiffe: SpiffeTrust;

  /** @param now milliseconds */
  constructor(now: () => number, spiffe = withoutSpiffe) {
    this.#now = now;
    this.#spiffe = spiffe;
  }

  /**
   * The pool for a target of a load balancer, made when there is none yet.
   *
   * @param isUpgrade HTTP/2 has no Upgrade (RFC 9113, section 8.6): such a request goes over HTTP/1.1
   */
  get(target: Target, service: LoadBalancer, table: GatewayTable, isUpgrade: boolean): ConnectionPool {
    const transport = transportOf(service, table);
    const last = this.#last.get(target);
    if (last !== undefined && last.service === service && last.isUpgrade === isUpgrade && !last.entry.isGone) {
      if (last.entry.transport === transport) return last.entry.pool;
    }
    const entry = this.#find(target, service, transport, isUpgrade);
    this.#last.set(target, { service, isUpgrade, entry });
    return entry.pool;
  }

  #find(target: Target, service: LoadBalancer, transport: ServersTransport | undefined, isUpgrade: boolean): Entry {
    const { authority } = target;
    const scheme = service.scheme === "h2c" && isUpgrade ? "http" : service.scheme;
    const kind = scheme === "https" && isUpgrade ? "wss" : scheme;
    const key = `${kind} ${authority} ${service.serversTransport ?? ""}`;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      if (isSame(known.transport, transport)) {
        known.transport = transport;
        return known;
      }
      // Other certificates or timeouts: what is under way finishes as it began.
      known.isGone = true;
      known.pool.retire();
    }
    const pool = this.#create(scheme, target, transport, isUpgrade);
    const entry: Entry = { pool, authority, transport, isGone: false };
    this.#entries.set(key, entry);
    return entry;
  }

  #create(
    scheme: LoadBalancer["scheme"],
    target: Target,
    transport: ServersTransport | undefined,
    isUpgrade: boolean,
  ): ConnectionPool {
    const origin = `${scheme === "h2c" ? "http" : scheme}://${target.authority}`;
    const http2 = http2Options(transport, target, this.#spiffe);
    if (scheme === "h2c") return new Http2Pool(origin, http2);
    const http1 = new Http1Pool(
      origin,
      clientOptions(transport, target, this.#spiffe),
      maxIdleOf(transport),
      this.#now,
    );
    if (scheme === "http" || isUpgrade || transport?.disableHttp2 === true) return http1;
    return new AlpnPool(origin, http2.connector, http1, new Http2Pool(origin, http2));
  }

  /**
   * Lets go of endpoints that a table no longer names, and of idle connections to those that terminate.
   *
   * @returns the authorities that the table names
   */
  retain({ endpoints }: GatewayTable): ReadonlySet<string> {
    const isReady = new Map<string, boolean>();
    for (const { endpoints: listed, clusterIp } of Object.values(endpoints)) {
      for (const endpoint of listed) {
        const authority = authorityOf(endpoint);
        isReady.set(authority, isReady.get(authority) === true || endpoint.state === "ready");
      }
      if (clusterIp !== undefined) isReady.set(authorityOf(clusterIp), true);
    }
    for (const [key, entry] of this.#entries) {
      const { pool, authority } = entry;
      const ready = isReady.get(authority);
      if (ready === false) pool.closeIdle();
      if (ready !== undefined) continue;
      this.#entries.delete(key);
      entry.isGone = true;
      pool.retire();
    }
    return new Set(isReady.keys());
  }

  get size(): number {
    return this.#entries.size;
  }

  async destroy(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(({ pool }) => pool.destroy()));
  }
}

/** A table that was read anew holds equal transports as other objects. */
const isSame = (a: ServersTransport | undefined, b: ServersTransport | undefined): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b);
