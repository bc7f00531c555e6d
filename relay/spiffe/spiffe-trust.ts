import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { ServersTransport } from "../../src/table/service.ts";
import { parseSpiffeId } from "../../src/table/spiffe-id.ts";
import { BoundedMap } from "../origin-gateway/bounded-map.ts";
import { idOfCertificate } from "./peer-id.ts";
import type { SpiffeIdentity } from "./spiffe-identity.ts";
import type { SvidSource } from "./svid-source.ts";

type SpiffeRule = NonNullable<ServersTransport["spiffe"]>;

/**
 * Why a Pod was not connected to. `not-configured`: the relay is told of no Workload API; `no-identity`: that gave none
 * yet, or none any more; `untrusted`: the Pod is none of those whose authorities are known; `not-allowed`: it is, but not
 * one of those that the transport names.
 */
export type SpiffeRefusal = "not-configured" | "no-identity" | "untrusted" | "not-allowed";

class SpiffeError extends Error {
  readonly refusal: SpiffeRefusal;

  constructor(refusal: SpiffeRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** What a handshake is made with. Whom it is with is judged afterwards. */
export interface SpiffeTls {
  secureContext: SecureContext;
  rejectUnauthorized: false;
  checkServerIdentity: () => undefined;
}

export interface SpiffeTrustOptions {
  /** Without one nobody is connected to. */
  source?: SvidSource;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  log?: (level: "warn", message: string, fields: object) => void;
}

/** Of endpoints it is known which trust domain they were of. */
const MAX_KNOWN = 10_000;
/** A refusal is told once in so long, whoever it is that was refused: each connection may be. */
const SILENCE_MS = 60_000;

/**
 * Connects to Pods by their SPIFFE IDs, and by the relay's own: that is shown to them, and their certificate must come
 * from an authority of the trust domain that it names, as Traefik has it
 * (https://doc.traefik.io/traefik/reference/install-configuration/tls/spiffe/). The server's name plays no part.
 *
 * An authority counts for its own trust domain only, and which one a Pod is of is known after the handshake: the first
 * one is made with the authorities of the one that it was last of, and where it is of another that may be, a second one
 * with those. A handshake sends nothing but certificates.
 */
export class SpiffeTrust {
  readonly #options: SpiffeTrustOptions;
  readonly #contexts = new WeakMap<SpiffeIdentity, Map<string, SecureContext>>();
  readonly #domains = new BoundedMap<string, string>(MAX_KNOWN);
  readonly #refused: Record<SpiffeRefusal, number> = {
    "not-configured": 0,
    "no-identity": 0,
    untrusted: 0,
    "not-allowed": 0,
  };
  readonly #toldAt = new Map<SpiffeRefusal, number>();

  constructor(options: SpiffeTrustOptions) {
    this.#options = options;
  }

  /** Who the relay is to Pods that it connects to now, and whom it trusts; undefined: it connects to none. */
  get identity(): SpiffeIdentity | undefined {
    return this.#options.source?.current();
  }

  /** Tells of each time that it is another one, or none any more. @returns what ends that */
  onChange(listener: () => void): () => void {
    return this.#options.source?.onChange(listener) ?? (() => {});
  }

  /** How often Pods were not connected to, by the reason. */
  get refused(): Readonly<Record<SpiffeRefusal, number>> {
    return this.#refused;
  }

  /**
   * A connection over TLS to a Pod that the transport allows.
   *
   * @param authority what the Pod is known by
   * @param connect dials it and does a handshake; may be asked for a second one
   * @throws Error when there is none
   */
  async connect(rule: SpiffeRule, authority: string, connect: (tls: SpiffeTls) => Promise<Socket>): Promise<TLSSocket> {
    try {
      const identity = await this.#identity();
      const guess = this.#guess(rule, authority, identity);
      const found = await this.#try(rule, guess, identity, connect);
      if (typeof found !== "string") return found;
      const socket = await this.#try(rule, found, identity, connect);
      if (typeof socket === "string") {
        throw new SpiffeError("untrusted", "the Pod is of another trust domain each time");
      }
      this.#domains.set(authority, found);
      return socket;
    } catch (error) {
      if (error instanceof SpiffeError) this.#tell(error, authority);
      throw error;
    }
  }

  async #identity(): Promise<SpiffeIdentity> {
    const { source } = this.#options;
    if (source === undefined) throw new SpiffeError("not-configured", "the relay is told of no SPIFFE Workload API");
    await source.settled();
    const identity = source.current();
    if (identity === undefined) {
      throw new SpiffeError("no-identity", "the SPIFFE Workload API gave the relay no identity");
    }
    return identity;
  }

  /** The trust domain that a Pod is probably of. */
  #guess(rule: SpiffeRule, authority: string, { trustDomain, bundles }: SpiffeIdentity): string {
    const known = [this.#domains.get(authority), trustDomain, ...allowedDomains(rule), ...bundles.keys()];
    const guess = known.find(
      (domain) => domain !== undefined && isAllowedDomain(rule, domain) && hasBundle(bundles, domain),
    );
    if (guess === undefined) {
      throw new SpiffeError("untrusted", `no authority is known of ${allowedDomains(rule).join(" or ")}`);
    }
    return guess;
  }

  /** @returns the connection, or the trust domain with whose authorities the Pod must be tried again */
  async #try(
    rule: SpiffeRule,
    domain: string,
    identity: SpiffeIdentity,
    connect: (tls: SpiffeTls) => Promise<Socket>,
  ): Promise<TLSSocket | string> {
    const secureContext = this.#contextOf(identity, domain);
    const socket = await connect({ secureContext, rejectUnauthorized: false, checkServerIdentity: () => undefined });
    try {
      const verdict = judge(rule, domain, identity, socket);
      if (typeof verdict === "string") socket.destroy();
      return verdict;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** Made once for each identity and trust domain, and gone with the identity. */
  #contextOf(identity: SpiffeIdentity, domain: string): SecureContext {
    const { certificate, key, bundles } = identity;
    let contexts = this.#contexts.get(identity);
    if (contexts === undefined) {
      contexts = new Map();
      this.#contexts.set(identity, contexts);
    }
    let context = contexts.get(domain);
    if (context === undefined) {
      const ca = [...(bundles.get(domain) ?? [])];
      // A bundle is trusted as it is: its authorities need not be the last ones.
      context = createSecureContext({
        cert: certificate,
        key,
        ca,
        allowPartialTrustChain: true,
        minVersion: "TLSv1.2",
      });
      contexts.set(domain, context);
    }
    return context;
  }

  #tell({ refusal, message }: SpiffeError, authority: string): void {
    this.#refused[refusal]++;
    const { now, log } = this.#options;
    const toldAt = this.#toldAt.get(refusal);
    if (toldAt !== undefined && now() - toldAt < SILENCE_MS) return;
    this.#toldAt.set(refusal, now());
    log?.("warn", "SPIFFE: a Pod was not connected to", { pod: authority, reason: message });
  }
}

/** Connects to nobody. */
export const withoutSpiffe = new SpiffeTrust({ now: () => 0 });

/**
 * Judges who is at the other end of a handshake that was made with the authorities of `domain`.
 *
 * @returns the connection, or the trust domain that the Pod names in place of that one
 * @throws SpiffeError when it is nobody that the transport allows
 */
function judge(rule: SpiffeRule, domain: string, { bundles }: SpiffeIdentity, socket: Socket): TLSSocket | string {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!(socket instanceof TLSSocket) || certificate === undefined) {
    throw new SpiffeError("untrusted", "the Pod shows no certificate");
  }
  const peer = attempt(() => idOfCertificate(certificate));
  if (!isAllowedDomain(rule, peer.trustDomain)) throw notAllowed(peer.id);
  if (peer.trustDomain !== domain) {
    if (hasBundle(bundles, peer.trustDomain)) return peer.trustDomain;
    throw new SpiffeError("untrusted", `no authority is known of the trust domain of ${peer.id}`);
  }
  if (!socket.authorized) {
    const code = String(socket.authorizationError);
    throw new SpiffeError(
      "untrusted",
      `the certificate of ${peer.id} comes from no authority of its trust domain (${code})`,
    );
  }
  const { ids = [] } = rule;
  if (ids.length > 0 && !ids.includes(peer.id)) throw notAllowed(peer.id);
  return socket;
}

const notAllowed = (id: string) => new SpiffeError("not-allowed", `the ServersTransport does not allow ${id}`);

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SpiffeError("untrusted", error instanceof Error ? error.message : String(error));
  }
}

/** None: all of them. IDs go before the trust domain, as Traefik has it. */
const allowedDomains = ({ ids = [], trustDomain }: SpiffeRule): string[] => {
  if (ids.length > 0) return [...new Set(ids.map((id) => parseSpiffeId(id)?.trustDomain ?? ""))];
  return trustDomain === undefined ? [] : [trustDomain];
};

function isAllowedDomain(rule: SpiffeRule, domain: string): boolean {
  const allowed = allowedDomains(rule);
  return allowed.length === 0 || allowed.includes(domain);
}

const hasBundle = (bundles: SpiffeIdentity["bundles"], domain: string): boolean =>
  (bundles.get(domain)?.length ?? 0) > 0;
