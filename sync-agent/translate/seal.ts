import { createCipheriv, createHash, createHmac } from "node:crypto";
import { KEY_ID_LENGTH, NONCE_BYTES, SEAL_KEY_BYTES } from "../../src/seal/seal-format.ts";

/** The bytes of a sealing key in base64 (either alphabet); undefined when it is not one. */
export function readSealKey(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text.trim(), "base64");
  return bytes.length === SEAL_KEY_BYTES ? bytes : undefined;
}

/**
 * Seals a text for the edge (`src/seal`). Equal texts are sealed alike, so that a restart publishes nothing: the nonce is
 * made of the text, and no two texts have the same.
 */
export function seal(text: string, key: Uint8Array): string {
  const nonce = createHmac("sha256", key).update(text).digest().subarray(0, NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  const id = createHash("sha256").update(key).digest("base64url").slice(0, KEY_ID_LENGTH);
  return `${id}.${sealed.toString("base64url")}`;
}
