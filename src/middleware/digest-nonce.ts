import { base64url } from "jose";
import { equalBytes } from "../password/equal-bytes.ts";

/** What a server hands out to be signed with a password, and takes for a while. */
export interface Nonces {
  issue(): Promise<string>;
  /** Whether it was issued with this secret, and not long ago. */
  isGood(nonce: string): Promise<boolean>;
}

/** Milliseconds that a nonce is good for. */
const LIFETIME_MS = 5 * 60_000;
/** Milliseconds by which another isolate's clock may be ahead. */
const SKEW_MS = 60_000;

/**
 * Nonces that carry their own time and a signature (RFC 7616, section 3.3, suggests the form): whoever has the secret
 * takes them, whichever isolate issued them.
 *
 * @param secret known to every isolate, and to no client
 * @param now milliseconds since the epoch
 */
export function createNonces(secret: string, now: () => number): Nonces {
  let key: Awaited<ReturnType<typeof importKey>> | undefined;
  const sign = async (time: string): Promise<Uint8Array<ArrayBuffer>> => {
    key ??= await importKey(secret);
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`nonce ${time}`)));
  };
  return {
    async issue() {
      const time = now().toString(36);
      return `${time}.${base64url.encode(await sign(time))}`;
    },
    async isGood(nonce) {
      // The last character holds four bits: no other can stand there.
      const [, time = "", signature = ""] = /^([0-9a-z]{1,11})\.([\w-]{42}[AEIMQUYcgkosw048])$/.exec(nonce) ?? [];
      const age = now() - Number.parseInt(time, 36);
      if (!(age >= -SKEW_MS && age < LIFETIME_MS)) return false;
      return equalBytes(await sign(time), base64url.decode(signature));
    },
  };
}

const importKey = (secret: string) =>
  crypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
