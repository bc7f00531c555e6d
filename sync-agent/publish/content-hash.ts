import { createHash } from "node:crypto";
import { HASH_LENGTH } from "../../src/snapshot/leaf-keys.ts";

/** @returns the name of a leaf or root: the first 96 bits of its text's SHA-256, as base64url */
export function contentHash(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("base64url").slice(0, HASH_LENGTH);
}
