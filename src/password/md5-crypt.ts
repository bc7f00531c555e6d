import { md5 } from "./md5.ts";

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** The order in which the digest's bytes are written, three to each four characters; byte 11 is left for the end. */
const ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5];

/**
 * MD5-crypt as `htpasswd -m` writes it: the 22 characters after `$apr1$<salt>$`, or after `$1$<salt>$`
 * (https://httpd.apache.org/docs/current/misc/password_encryptions.html). At most eight characters of the salt count.
 */
export function md5Crypt(password: Uint8Array, magic: string, salt: string): string {
  const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
  const seed = ascii(salt.slice(0, 8));
  const inner = md5(join(password, seed, password));
  const parts = [password, ascii(magic), seed];
  for (let left = password.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(16, left)));
  for (let bits = password.length; bits > 0; bits >>= 1) {
    parts.push(bits & 1 ? Uint8Array.of(0) : password.subarray(0, 1));
  }
  let digest = md5(join(...parts));
  for (let round = 0; round < 1000; round++) {
    const odd = round % 2 === 1;
    digest = md5(
      join(
        odd ? password : digest,
        round % 3 === 0 ? NOTHING : seed,
        round % 7 === 0 ? NOTHING : password,
        odd ? digest : password,
      ),
    );
  }
  return write(digest);
}

const NOTHING = new Uint8Array();

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function write(digest: Uint8Array): string {
  let text = "";
  for (let index = 0; index < 15; index += 3) {
    const [high = 0, middle = 0, low = 0] = ORDER.slice(index, index + 3).map((at) => digest[at] ?? 0);
    text += characters((high << 16) | (middle << 8) | low, 4);
  }
  return text + characters(digest[11] ?? 0, 2);
}

function characters(value: number, count: number): string {
  let text = "";
  for (let left = value; text.length < count; left >>= 6) text += ALPHABET[left & 63] ?? "";
  return text;
}
