import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { type CertificatePair, makeCertificate } from "./make-certificate.ts";

/** Names that a client may ask for; anything else gets the certificate of those who ask for none. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;
const LOCAL_NAMES = ["localhost", "127.0.0.1", "::1"];

/**
 * The certificates of `sluice dev`: those given, chosen by the names in them as Traefik does, and for every other
 * name one made when it is first asked for.
 */
export class CertificateStore {
  readonly #now: () => number;
  readonly #maxMade: number;
  /** Least recently used first. */
  readonly #made = new Map<string, SecureContext>();
  #given: { certificate: X509Certificate; context: SecureContext }[] = [];
  readonly local: CertificatePair;

  private constructor(local: CertificatePair, now: () => number, maxMade: number) {
    this.local = local;
    this.#now = now;
    this.#maxMade = maxMade;
  }

  static async create(now: () => number = Date.now, maxMade = 256): Promise<CertificateStore> {
    return new CertificateStore(await makeCertificate(LOCAL_NAMES, now()), now, maxMade);
  }

  /** Replaces the given certificates. @returns those that cannot be used */
  give(pairs: readonly CertificatePair[]): CertificatePair[] {
    const refused: CertificatePair[] = [];
    this.#given = pairs.flatMap((pair) => {
      try {
        return [{ certificate: new X509Certificate(pair.cert), context: createSecureContext(pair) }];
      } catch {
        refused.push(pair);
        return [];
      }
    });
    return refused;
  }

  /** @returns the context for the name a client asks for (SNI); undefined: use `local` */
  async find(serverName: string): Promise<SecureContext | undefined> {
    const name = serverName.toLowerCase();
    if (!HOST_NAME.test(name)) return undefined;
    const given = this.#given.find(({ certificate }) => certificate.checkHost(name) !== undefined);
    if (given) return given.context;
    const known = this.#made.get(name) ?? createSecureContext(await makeCertificate([name], this.#now()));
    this.#made.delete(name);
    this.#made.set(name, known);
    const [oldest] = this.#made.keys();
    if (this.#made.size > this.#maxMade && oldest !== undefined) this.#made.delete(oldest);
    return known;
  }
}
