import { decodeBase64 } from "../seal/decode-base64.ts";
import { bcrypt, parseBcrypt } from "./bcrypt.ts";
import { equalBytes } from "./equal-bytes.ts";
import { md5Crypt } from "./md5-crypt.ts";

/** How a password was hashed, ready to be compared with others. */
export type PasswordHash =
  | { type: "bcrypt"; cost: number; salt: Uint8Array; digest: Uint8Array }
  | { type: "md5-crypt"; magic: string; salt: string; digest: Uint8Array }
  | { type: "sha1"; digest: Uint8Array }
  | { type: "pbkdf2"; iterations: number; salt: Uint8Array; digest: Uint8Array };

/**
 * Steps of bcrypt's cost that the edge can afford. Each step doubles the CPU time that whoever tries a password costs:
 * 20 ms at 8, during which an isolate serves nobody else; 80 ms at 10.
 */
export const MAX_BCRYPT_COST = 8;

/** As much as WebCrypto runs in a few milliseconds. */
const MAX_ITERATIONS = 100_000;

/** No password is longer; hashing a megabyte a thousand times would be somebody's attack. */
const MAX_PASSWORD_BYTES = 1024;

/**
 * Reads a hash as `htpasswd` writes it: bcrypt (`$2y$`), MD5-crypt (`$apr1$`, `$1$`), `{SHA}`; and PBKDF2 as
 * `$pbkdf2-sha256$<iterations>$<salt>$<digest>`, in base64url.
 *
 * @returns undefined for any other form, and for a cost beyond `MAX_ITERATIONS`; the cost of bcrypt is the caller's to judge
 */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const hash = parseBcrypt(text);
  if (hash !== undefined) return { type: "bcrypt", ...hash };
  const [, magic, salt = "", digest = ""] = /^(\$apr1\$|\$1\$)([^$]*)\$([./0-9A-Za-z]{22})$/.exec(text) ?? [];
  if (magic !== undefined) return { type: "md5-crypt", magic, salt, digest: bytesOf(digest) };
  const [, sha1] = /^\{SHA\}([A-Za-z0-9+/]{27})=$/.exec(text) ?? [];
  if (sha1 !== undefined) return { type: "sha1", digest: decodeBase64(sha1) };
  const [, iterations, pbkdf2Salt = "", derived = ""] =
    /^\$pbkdf2-sha256\$(\d{1,6})\$([\w-]+)\$([\w-]{43})$/.exec(text) ?? [];
  if (iterations === undefined || Number(iterations) < 1 || Number(iterations) > MAX_ITERATIONS) return undefined;
  return {
    type: "pbkdf2",
    iterations: Number(iterations),
    salt: decodeBase64(pbkdf2Salt),
    digest: decodeBase64(derived),
  };
}

/** Whether a password is the one that was hashed. Takes as long for a wrong one as for the right one. */
export async function isPassword(password: Uint8Array<ArrayBuffer>, hash: PasswordHash): Promise<boolean> {
  if (password.length > MAX_PASSWORD_BYTES) return false;
  return equalBytes(await digestOf(password, hash), hash.digest);
}

async function digestOf(password: Uint8Array<ArrayBuffer>, hash: PasswordHash): Promise<Uint8Array> {
  switch (hash.type) {
    case "bcrypt":
      return bcrypt(password, hash);
    case "md5-crypt":
      return bytesOf(md5Crypt(password, hash.magic, hash.salt));
    case "sha1":
      return new Uint8Array(await crypto.subtle.digest("SHA-1", password));
    case "pbkdf2": {
      const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
      const { iterations } = hash;
      const salt = Uint8Array.from(hash.salt);
      return new Uint8Array(
        await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", iterations, salt }, key, 256),
      );
    }
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
