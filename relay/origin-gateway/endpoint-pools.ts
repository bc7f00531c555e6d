import type { LoadBalancer, ServersTransport } from "../../src/table/service.ts";
import type { SpiffeIdentity } from "../spiffe/spiffe-identity.ts";
import { type SpiffeTrust, withoutSpiffe } from "../spiffe/spiffe-trust.ts";
import { AlpnPool } from "./alpn-pool.ts";
import { clientOptions, http2Options, maxIdleOf } from "./connect-options.ts";
import type { ConnectionPool } from "./connection.ts";
import type { GatewayTable } from "./gateway-table.ts";
import { Http1Pool } from "./http1-pool.ts";
import { Http2Pool } from "./http2-pool.ts";
import { authorityOf, type Target } from "./target.ts";

interface Entry {
  pool: ConnectionPool;
  authority: string;
  scheme: LoadBalancer["scheme"];
  /** Of the transport. */
  name: string | undefined;
  transport: ServersTransport | undefined;
  /** Who the relay was to the Pod, and whom it trusted, where the transport asks for that. */
  identity: SpiffeIdentity | undefined;
  /** Whether it is kept no longer. */
  isGone: boolean;
}

/**
 * Connections to Pods, kept for as long as their endpoint is in the table, and no longer than the settings, certificates
 * and identity that they were made with: what goes over them then finishes as it began, and nothing new does.
 */
export class EndpointPools {
  readonly #entries = new Map<string, Entry>();
  /** What a target was last asked for with: its key is not written down for each request. */
  readonly #last = new WeakMap<Target, { service: LoadBalancer; isUpgrade: boolean; entry: Entry }>();
  readonly #now: () => number;
  readonly #spiffe: SpiffeTrust;
  readonly #stopListening: () => void;

  /** @param now milliseconds */
  constructor(now: () => number, spiffe = withoutSpiffe) {
    this.#now = now;
    this.#spiffe = spiffe;
    this.#stopListening = spiffe.onChange(() => {
      for (const [key, entry] of this.#entries) if (!this.#isOfIdentity(entry)) this.#letGo(key, entry);
    });
  }

  /**
   * The pool for a target of a load balancer, made when there is none yet.
   *
   * @param transport the load balancer's, by the table of the moment
   * @param isUpgrade HTTP/2 has no Upgrade (RFC 9113, section 8.6): such a request goes over HTTP/1.1
   */
  get(
    target: Target,
    service: LoadBalancer,
    transport: ServersTransport | undefined,
    isUpgrade: boolean,
  ): ConnectionPool {
    const last = this.#last.get(target);
    if (last !== undefined && last.service === service && last.isUpgrade === isUpgrade && !last.entry.isGone) {
      if (last.entry.transport === transport && this.#isOfIdentity(last.entry)) return last.entry.pool;
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
      if (isSame(known.transport, transport) && this.#isOfIdentity(known)) {
        known.transport = transport;
        return known;
      }
      this.#letGo(key, known);
    }
    const pool = this.#create(scheme, target, transport, isUpgrade);
    const identity = this.#identityFor(scheme, transport);
    const name = service.serversTransport;
    const entry: Entry = { pool, authority, scheme, name, transport, identity, isGone: false };
    this.#entries.set(key, entry);
    return entry;
  }

  #identityFor(scheme: LoadBalancer["scheme"], transport: ServersTransport | undefined): SpiffeIdentity | undefined {
    return scheme === "https" && transport?.spiffe !== undefined ? this.#spiffe.identity : undefined;
  }

  #isOfIdentity({ scheme, transport, identity }: Entry): boolean {
    return identity === this.#identityFor(scheme, transport);
  }

  #letGo(key: string, entry: Entry): void {
    this.#entries.delete(key);
    entry.isGone = true;
    entry.pool.retire();
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
   * Lets go of endpoints that a table no longer names, or connects to otherwise than before, and of idle connections to
   * those that terminate.
   *
   * @returns the authorities that the table names
   */
  retain({ endpoints, serversTransports }: GatewayTable): ReadonlySet<string> {
    const isReady = new Map<string, boolean>();
    for (const { endpoints: listed, clusterIp } of Object.values(endpoints)) {
      for (const endpoint of listed) {
        const authority = authorityOf(endpoint);
        isReady.set(authority, isReady.get(authority) === true || endpoint.state === "ready");
      }
      if (clusterIp !== undefined) isReady.set(authorityOf(clusterIp), true);
    }
    for (const [key, entry] of this.#entries) {
      const { pool, authority, name, transport } = entry;
      const ready = isReady.get(authority);
      const current =
        name !== undefined && Object.hasOwn(serversTransports, name) ? serversTransports[name] : undefined;
      if (ready === undefined || !isSame(transport, current)) this.#letGo(key, entry);
      else if (!ready) pool.closeIdle();
    }
    return new Set(isReady.keys());
  }

  get size(): number {
    return this.#entries.size;
  }

  async destroy(): Promise<void> {
    this.#stopListening();
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(({ pool }) => pool.destroy()));
  }
}

/** A table that was read anew holds equal transports as other objects. */
const isSame = (a: ServersTransport | undefined, b: ServersTransport | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && textOf(a) === textOf(b));

const texts = new WeakMap<ServersTransport, string>();

/** Written down once: with their certificates they are long, and many endpoints have the same one. */
function textOf(transport: ServersTransport): string {
  let text = texts.get(transport);
  if (text === undefined) {
    text = JSON.stringify(transport);
    texts.set(transport, text);
  }
  return text;
}
