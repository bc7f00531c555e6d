import { createHash, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalBytes } from "../../src/password/equal-bytes.ts";
import { md5 } from "../../src/password/md5.ts";
import { isPassword, parsePasswordHash } from "../../src/password/password-hash.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function accepts(password: string, hash: string): Promise<boolean | undefined> {
  const parsed = parsePasswordHash(hash);
  return parsed && isPassword(bytes(password), parsed);
}

const pbkdf2 = (password: string) =>
  `$pbkdf2-sha256$1000$c2FsdA$${pbkdf2Sync(password, "salt", 1000, 32, "sha256").toString("base64url")}`;

// Written by htpasswd, openssl and other implementations.
const hashes: [password: string, hash: string][] = [
  ["a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"],
  ["abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"],
  ["abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"],
  ["U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
  ["U*U*U", "$2b$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"],
  ["test", "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"],
  ["", "$apr1$a$lsAcX0kKaMIVmrCtUuk5b0"],
  ["a longer password than sixteen", "$apr1$12345678$wuC8APm5ZrF.ZSnUW3XWo/"],
  ["pässwörd", "$apr1$x/y.z$8M8ULJl0ThDYtb4DtjRDb0"],
  ["test", "$1$H6uskkkW$qH7rONTa34g.EKBz4UNMt0"],
  ["test", "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="],
  ["test", pbkdf2("test")],
];

describe.each(hashes)("%s by %s", (password, hash) => {
  it("is the password, and no other is", async () => {
    expect(await accepts(password, hash)).toBe(true);
    for (const wrong of [`${password}x`, `${password} `, password.slice(1) || "x", `\0${password}`]) {
      expect(await accepts(wrong, hash)).toBe(false);
    }
  });
});

it("what bcrypt ignores past 72 bytes is ignored", async () => {
  const long = `${"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".repeat(2)}`.slice(0, 72);
  const hash = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
  expect(await accepts(long, hash)).toBe(true);
  expect(await accepts(`${long}chars after 72 are ignored`, hash)).toBe(true);
  expect(await accepts(long.slice(0, 71), hash)).toBe(false);
});

it("a password of a megabyte is refused before it is hashed", async () => {
  const sha1 = createHash("sha1").update("x".repeat(2000)).digest("base64");
  expect(await accepts("x".repeat(2000), `{SHA}${sha1}`)).toBe(false);
});

it.each([
  "",
  "plain",
  "$2y$05$tooshort",
  "$2y$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
  "$2y$32$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
  "$5$rounds=5000$salt$hash",
  "$apr1$salt$short",
  "{SHA}short=",
  "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M",
  "$pbkdf2-sha256$0$c2FsdA$iuYGPOiJZEJnhLzyXVpZVkjNBlCKzJQeHg3DbFeSXWw",
  "$pbkdf2-sha256$900000$c2FsdA$iuYGPOiJZEJnhLzyXVpZVkjNBlCKzJQeHg3DbFeSXWw",
])("%j is no hash", (hash) => {
  expect(parsePasswordHash(hash)).toBeUndefined();
});

it("md5 is that of everyone", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
      expect(Buffer.from(md5(message)).toString("hex")).toBe(createHash("md5").update(message).digest("hex"));
    }),
  );
});

it("equalBytes compares content", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4, max: 2 }), fc.uint8Array({ maxLength: 4, max: 2 }), (a, b) => {
      expect(equalBytes(a, b)).toBe(Buffer.from(a).equals(b));
    }),
  );
});
