import { createHash } from "node:crypto";
import * as z from "zod";
import type { StickyCookie } from "../../src/table/service.ts";
import { sha256Hex } from "./names.ts";
import { ignorable } from "./read-object.ts";

const attribute = z.string().regex(/^[^;\p{Cc}]*$/u, "must not hold a semicolon or control characters");

/** Traefik's `sticky`. Without `cookie` it asks for nothing. */
export const stickySchema = z.object({
  cookie: z
    .object({
      name: z.string().optional(),
      path: attribute.optional(),
      domain: attribute.optional(),
      secure: z.boolean().optional(),
      httpOnly: z.boolean().optional(),
      sameSite: ignorable(
        z
          .string()
          .toLowerCase()
          .pipe(z.enum(["none", "lax", "strict"])),
      ),
      maxAge: z.int().optional(),
    })
    .optional(),
});
export type StickyOptions = z.output<typeof stickySchema>;

/**
 * The cookie of a sticky service, with Traefik's names and defaults: without a name it is `_` and five hex digits of
 * SHA-1 over the service's name (with its provider). Undefined when no cookie is asked for.
 */
export function stickyCookie(sticky: StickyOptions | undefined, serviceName: string): StickyCookie | undefined {
  const cookie = sticky?.cookie;
  if (cookie === undefined) return undefined;
  const { name, path, domain, secure = false, httpOnly = false, sameSite, maxAge = 0 } = cookie;
  return {
    name: name ? name.replace(notToken, "_") : defaultName(serviceName),
    path: path || "/",
    ...(domain ? { domain } : {}),
    secure,
    httpOnly,
    ...(sameSite === undefined ? {} : { sameSite }),
    maxAge,
  };
}

/** What no cookie name may hold (RFC 6265, section 4.1.1: a token). */
const notToken = /[^A-Za-z0-9!#$%&'*+\-.^_`|~]/g;

const defaultName = (serviceName: string): string =>
  `_${createHash("sha1").update(`_TRAEFIK_BACKEND_${serviceName}`).digest("hex").slice(0, 5)}`;

/**
 * The cookie value of a weighted service's child, and the older values that still lead to it: Traefik 3 writes a
 * hash of the child's name, Traefik 2 wrote the name itself, versions between wrote FNV hashes.
 */
export function cookieValues(childName: string): { cookieValue: string; legacyCookieValues: string[] } {
  const fnv = fnv64(childName);
  return { cookieValue: sha256Hex(childName).slice(0, 16), legacyCookieValues: [childName, fnv, fnv64(fnv)] };
}

/** 64-bit FNV-1 (http://www.isthe.com/chongo/tech/comp/fnv/), in hex without leading zeros. */
export function fnv64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, hash * 0x100000001b3n) ^ BigInt(byte);
  }
  return hash.toString(16);
}
