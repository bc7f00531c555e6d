import { CompactSign, type CryptoKey, compactVerify, decodeProtectedHeader, type JWK } from "jose";
import { fnv1a32 } from "../snapshot/fnv1a32.ts";

/** Seconds that a token is good for, from the minute that it names. */
const LIFETIME = 300;
/**
 * Minutes for which the edge sends one token, so that a gateway whose clock is ahead by the rest of its life still
 * takes it: a token costs more to sign than a request to route.
 */
const USED_MINUTES = 3;
/** Seconds by which the edge's clock may be ahead of the gateway's. */
const CLOCK_SKEW = 60;
/** Far longer than any token made here. */
const MAX_TOKEN_LENGTH = 2048;
const ALGORITHM = "EdDSA";

export interface TokenSignerOptions {
  /** A private Ed25519 key. */
  key: CryptoKey | JWK;
  /** Names the key to the verifier. */
  kid: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Tokens kept, one for each service. */
  maxEntries?: number;
}

export interface TokenSigner {
  /** A token for a hop to the service: at once when the one of these minutes is known, else when it has been signed. */
  sign(service: string): string | Promise<string>;
}

/**
 * Signs hop tokens: compact JWS (RFC 7515) with EdDSA (RFC 8037). A token names the service and a minute and nothing
 * else: all edges sign the same one, and signing and verifying happen once in three minutes for each service and not
 * once a request. Services take turns in which minute it is. A miss is signed by each request that meets it: runtimes
 * forbid waiting for another request's promise.
 */
export function createTokenSigner({ key, kid, now, maxEntries = 4096 }: TokenSignerOptions): TokenSigner {
  /** The minutes from `since` on are those in which it is sent. */
  const tokens = new Map<string, { since: number; token: string }>();

  async function signNew(service: string, minute: number): Promise<string> {
    const since = minute - ((minute + fnv1a32(service)) % USED_MINUTES);
    const iat = since * 60;
    const claims = new TextEncoder().encode(JSON.stringify({ sub: service, iat, exp: iat + LIFETIME }));
    const token = await new CompactSign(claims).setProtectedHeader({ alg: ALGORITHM, kid }).sign(key);
    keep(tokens, service, { since, token }, maxEntries);
    return token;
  }

  return {
    sign(service) {
      const minute = Math.floor(now() / 60_000);
      const known = tokens.get(service);
      const isNow = known !== undefined && minute >= known.since && minute < known.since + USED_MINUTES;
      return isNow ? known.token : signNew(service, minute);
    },
  };
}

export interface TokenVerifierOptions {
  /** Public Ed25519 keys by their `kid`. */
  keys: Readonly<Record<string, CryptoKey | JWK>> | ReadonlyMap<string, CryptoKey | JWK>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Verdicts kept, as many again for refused tokens. */
  maxEntries?: number;
}

export interface TokenVerifier {
  /** Whether the token is genuine, in its time, and for this service; at once when the token is known. */
  verify(token: string, service: string): boolean | Promise<boolean>;
  /** Why a token that was just refused was; costs nothing to those that are accepted. */
  whyRefused(token: string, service: string): TokenRefusal;
}

/**
 * `forged`: nobody whose key is known signed it. `expired` and `early`: not its time. `other-service`: it is genuine,
 * and was taken from a request to another service.
 */
export type TokenRefusal = "forged" | "expired" | "early" | "other-service";

interface Claims {
  sub: string;
  iat: number;
  exp: number;
}

/**
 * Verifies what `createTokenSigner` signs. Refused tokens are remembered apart, so that they push no good one out.
 * Requests share its promises, so it is for runtimes that allow it: the gateway's.
 */
export function createTokenVerifier({ keys, now, maxEntries = 4096 }: TokenVerifierOptions): TokenVerifier {
  const keysByKid = keys instanceof Map ? keys : new Map(Object.entries(keys));
  const genuine = new Map<string, Claims>();
  const refused = new Map<string, true>();

  /** Those that are being looked at: requests that come together with a new one have it verified once. */
  const pending = new Map<string, Promise<Claims | undefined>>();

  const accepts = (claims: Claims, service: string): boolean => {
    const seconds = now() / 1000;
    return claims.sub === service && claims.iat <= seconds + CLOCK_SKEW && seconds < claims.exp;
  };

  async function readNew(token: string): Promise<Claims | undefined> {
    const claims = await readClaims(token, keysByKid);
    pending.delete(token);
    if (claims === undefined) keep(refused, token, true, maxEntries);
    else keep(genuine, token, claims, maxEntries);
    return claims;
  }

  async function verifyNew(token: string, service: string): Promise<boolean> {
    let reading = pending.get(token);
    if (reading === undefined) {
      reading = readNew(token);
      pending.set(token, reading);
    }
    const claims = await reading;
    return claims !== undefined && accepts(claims, service);
  }

  return {
    verify(token, service) {
      const claims = genuine.get(token);
      if (claims !== undefined) return accepts(claims, service);
      if (token.length > MAX_TOKEN_LENGTH || refused.has(token)) return false;
      return verifyNew(token, service);
    },
    whyRefused(token, service) {
      const claims = genuine.get(token);
      if (claims === undefined) return "forged";
      if (claims.sub !== service) return "other-service";
      return claims.iat > now() / 1000 + CLOCK_SKEW ? "early" : "expired";
    },
  };
}

/** The claims of a genuine token, or undefined. */
async function readClaims(token: string, keys: ReadonlyMap<string, CryptoKey | JWK>): Promise<Claims | undefined> {
  try {
    const key = keys.get(decodeProtectedHeader(token).kid ?? "");
    if (key === undefined) return undefined;
    const { payload } = await compactVerify(token, key, { algorithms: [ALGORITHM] });
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
    return isClaims(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

function isClaims(value: unknown): value is Claims {
  if (typeof value !== "object" || value === null) return false;
  const { sub, iat, exp } = value as Partial<Record<keyof Claims, unknown>>;
  return typeof sub === "string" && typeof iat === "number" && typeof exp === "number" && exp - iat <= LIFETIME;
}

/** Sets an entry of a bounded map; the one that was set longest ago makes room. */
function keep<K, V>(entries: Map<K, V>, key: K, value: V, maxEntries: number): void {
  entries.delete(key);
  if (entries.size >= maxEntries) {
    const oldest = entries.keys().next();
    if (!oldest.done) entries.delete(oldest.value);
  }
  entries.set(key, value);
}
