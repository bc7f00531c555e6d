import { createLocalJWKSet, errors, type JWK, type JWTVerifyGetKey } from "jose";
import { createExchange } from "../exchange/create-exchange.ts";
import { dropBody } from "../exchange/drop-body.ts";
import type { Exchange, Handler } from "../exchange/exchange.ts";
import { forkExchange } from "../exchange/fork-exchange.ts";
import type { Report } from "../observe/report.ts";
import { readBody } from "./read-body.ts";

/** The keys that tokens are verified by, as they are known now. */
export interface KeySet {
  readonly key: JWTVerifyGetKey | Uint8Array;
  readonly algorithms: readonly string[];
}

/** Where keys come from. */
export interface KeySource {
  /** Undefined when none could be had. */
  current(exchange: Exchange): Promise<KeySet | undefined>;
  /** The keys anew, when a token names one that is not among them; undefined when it is too early to look again. */
  newer(exchange: Exchange): Promise<KeySet | undefined>;
}

/** None of these takes a key of another kind: a public key is never taken for a shared secret. */
const PUBLIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
const SHARED = ["HS256", "HS384", "HS512"];

/** Reads a JSON Web Key Set (RFC 7517, section 5), or the one key of a shared secret. Throws for what is neither. */
export function readKeySet(text: string): KeySet {
  const set = JSON.parse(text) as { keys: JWK[] };
  const [first] = set.keys;
  if (first?.kty !== "oct") return { key: createLocalJWKSet(set), algorithms: PUBLIC };
  const secret = Uint8Array.from(atob((first.k ?? "").replaceAll("-", "+").replaceAll("_", "/")), (c) =>
    c.charCodeAt(0),
  );
  return { key: secret, algorithms: SHARED };
}

/** Milliseconds that fetched keys are taken for the newest. */
const FRESH_MS = 10 * 60_000;
/** Milliseconds that they serve while they cannot be fetched anew. */
const STALE_MS = 60 * 60_000;
/** Milliseconds between looks: tokens with made-up key ids must not make the edge flood the issuer. */
const PAUSE_MS = 30_000;
/** Milliseconds after a failed look in which nobody waits for another. */
const FAILED_MS = 1_000;
const TIMEOUT_MS = 5_000;
const MAX_SET_BYTES = 256 * 1024;

export interface FetchedKeysOptions {
  url: URL;
  /** Asks the server that has the set. */
  ask: Handler;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** A signal that aborts after so many milliseconds. */
  timeout: (ms: number) => AbortSignal;
  report: Report;
}

/**
 * Keys fetched from a URL, kept for ten minutes. Who comes first fetches them; later they are fetched anew beside a
 * request, which is answered by the ones that are there. A guard is a time and no promise: a request that waited for
 * another's would hang when that one ends.
 */
export function createFetchedKeys({ url, ask, now, timeout, report }: FetchedKeysOptions): KeySource {
  let known: { keys: KeySet; at: number } | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;

  async function fetchKeys(exchange: Exchange): Promise<KeySet | undefined> {
    triedAt = now();
    try {
      const signal = timeout(TIMEOUT_MS);
      const answer = await ask(questionFor(exchange, url, signal));
      const text =
        answer.status === 200 && answer.body !== null && (await readBody(answer.body, MAX_SET_BYTES, signal));
      if (!text) {
        dropBody(answer);
        throw new Error(`The key set was answered by ${answer.status}, or is too large`);
      }
      const keys = readPublicKeys(new TextDecoder().decode(text));
      known = { keys, at: now() };
      return keys;
    } catch (error) {
      failedAt = now();
      report({ event: "key-set-unreadable", url: url.href, reason: String(error) });
      return undefined;
    }
  }
  const mayTry = (): boolean => now() - triedAt >= PAUSE_MS;

  return {
    async current(exchange) {
      const age = known === undefined ? Number.POSITIVE_INFINITY : now() - known.at;
      if (known === undefined || age >= STALE_MS) {
        return now() - failedAt < FAILED_MS ? undefined : fetchKeys(exchange);
      }
      if (age >= FRESH_MS && mayTry()) exchange.waitUntil(fetchKeys(exchange));
      return known.keys;
    },
    newer: async (exchange) => (mayTry() ? fetchKeys(exchange) : undefined),
  };
}

/** Shared secrets are never published by an issuer: a set that has one says nothing of value. */
function readPublicKeys(text: string): KeySet {
  const keys = readKeySet(text);
  if (keys.algorithms === SHARED) throw new Error("The key set holds a shared secret");
  return keys;
}

function questionFor(exchange: Exchange, url: URL, signal: AbortSignal): Exchange {
  const request = new Request(url.href, { headers: { Accept: "application/json" }, redirect: "manual" });
  const question = createExchange({
    request,
    scheme: url.protocol === "https:" ? "https" : "http",
    entryPoint: exchange.entryPoint,
    host: url.host,
    path: url.pathname,
    query: url.search,
    // The issuer is not told for whom.
    client: { address: "", trusted: false },
    endpoints: (key) => exchange.endpoints(key),
    waitUntil: (work) => exchange.waitUntil(work),
  });
  return forkExchange(question, { signal });
}

/** Whether a token was refused only because none of the keys is the one that it names. */
export const namesUnknownKey = (error: unknown): boolean => error instanceof errors.JWKSNoMatchingKey;
