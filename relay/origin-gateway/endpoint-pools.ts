import type { SecureContextOptions } from "node:tls";
import { Pool } from "undici";
import type { LoadBalancer, ServersTransport } from "../../src/table/service.ts";
import type { GatewayTable } from "./gateway-table.ts";
import { authorityOf, type Target } from "./order-endpoints.ts";

/** How long a connection attempt may take where no ServersTransport says: a sibling is worth more than patience. */
const DIAL_TIMEOUT_MS = 5_000;
/** Traefik's default for idle connections. */
const IDLE_TIMEOUT_MS = 90_000;

/** Connections to Pods, kept for as long as their endpoint is in the table. */
export class EndpointPools {
  readonly #pools = new Map<string, { pool: Pool; authority: string; transport: ServersTransport | undefined }>();

  /** The pool for a target of a load balancer, made when there is none yet. */
  get(target: Target, { scheme, serversTransport }: LoadBalancer, table: GatewayTable): Pool {
    const transport = serversTransport === undefined ? undefined : table.serversTransports[serversTransport];
    const authority = authorityOf(target);
    const key = `${scheme} ${authority} ${serversTransport ?? ""}`;
    const known = this.#pools.get(key);
    if (known !== undefined) {
      if (known.transport === transport || JSON.stringify(known.transport) === JSON.stringify(transport)) {
        return known.pool;
      }
      // Other certificates or timeouts: new requests get new connections, those under way finish on the old ones.
      void known.pool.close();
    }
    const pool = new Pool(`${scheme === "https" ? "https" : "http"}://${authority}`, {
      connections: null,
      pipelining: 1,
      keepAliveTimeout: transport?.idleConnTimeoutMs ?? IDLE_TIMEOUT_MS,
      headersTimeout: transport?.responseHeaderTimeoutMs ?? 0,
      bodyTimeout: 0,
      maxHeaderSize: 256 * 1024,
      allowH2: false,
      connect: { timeout: transport?.dialTimeoutMs ?? DIAL_TIMEOUT_MS, ...tlsOptions(transport) },
    });
    this.#pools.set(key, { pool, authority, transport });
    return pool;
  }

  /** Lets go of endpoints that a table no longer names: their connections close when they have finished. */
  retain(table: GatewayTable): void {
    const named = new Set<string>();
    for (const { endpoints, clusterIp } of Object.values(table.endpoints)) {
      for (const endpoint of endpoints) named.add(authorityOf(endpoint));
      if (clusterIp !== undefined) named.add(authorityOf(clusterIp));
    }
    for (const [key, { pool, authority }] of this.#pools) {
      if (named.has(authority)) continue;
      this.#pools.delete(key);
      void pool.close();
    }
  }

  get size(): number {
    return this.#pools.size;
  }

  async destroy(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map(({ pool }) => pool.destroy()));
  }
}

function tlsOptions(transport: ServersTransport | undefined): SecureContextOptions & {
  servername?: string;
  rejectUnauthorized?: boolean;
} {
  if (transport === undefined) return {};
  const { serverName, insecureSkipVerify, rootCAs, certificates } = transport;
  return {
    ...(serverName !== undefined && { servername: serverName }),
    ...(insecureSkipVerify && { rejectUnauthorized: false }),
    ...(rootCAs !== undefined && rootCAs.length > 0 && { ca: [...rootCAs] }),
    ...(certificates !== undefined &&
      certificates.length > 0 && {
        cert: certificates.map(({ certificate }) => certificate),
        key: certificates.map(({ key }) => key),
      }),
  };
}
