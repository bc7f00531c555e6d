import { isForwardedHeader } from "../hop/forwarded-headers.ts";
import { canonicalHost } from "./canonical-host.ts";
import type { RequestFacts } from "./request-facts.ts";

export interface RequestFactsInit {
  /** The Host header as it came. */
  host: string;
  /** From `normalisePath`. */
  routingPath: string;
  method: string;
  headers: { get(name: string): string | null };
  /** X-Forwarded-* and X-Real-Ip, by their lower-case names, as far as they are believed; left out: as they came. */
  forwarded?: (lowerName: string) => string | null;
  /** With or without its `?`. */
  query: string;
  /** The peer's IP address, without port. */
  clientAddress: string;
  /** Asked when the first rule asks for it. */
  country?: () => string;
}

/** What rules are tested against, for one request. The query is parsed when the first rule asks for it. */
export function createRequestFacts(init: RequestFactsInit): RequestFacts {
  return new LazyRequestFacts(init);
}

class LazyRequestFacts implements RequestFacts {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly clientAddress: string;
  readonly #headers: RequestFactsInit["headers"];
  readonly #forwarded: RequestFactsInit["forwarded"];
  readonly #query: string;
  readonly #country: RequestFactsInit["country"];
  #parameters: URLSearchParams | undefined;

  constructor(init: RequestFactsInit) {
    this.host = canonicalHost(init.host);
    this.path = init.routingPath;
    this.method = init.method;
    this.clientAddress = init.clientAddress;
    this.#headers = init.headers;
    this.#forwarded = init.forwarded;
    this.#query = init.query;
    this.#country = init.country;
  }

  header(name: string): string | null {
    const lowerName = name.toLowerCase();
    return this.#forwarded !== undefined && isForwardedHeader(lowerName)
      ? this.#forwarded(lowerName)
      : this.#headers.get(lowerName);
  }

  country(): string {
    return this.#country?.() ?? "";
  }

  /** Split at `&` and `;`, decoded as a form is; an escape that is none stands for itself. */
  query(key: string): readonly string[] {
    if (this.#query === "") return [];
    this.#parameters ??= new URLSearchParams(this.#query.replaceAll(";", "&"));
    return this.#parameters.getAll(key);
  }
}
