import { base64url, type CryptoKey } from "jose";
import { decodeBase64 } from "./decode-base64.ts";
import { KEY_ID_LENGTH, NONCE_BYTES, SEAL_KEY_BYTES } from "./seal-format.ts";

/** Opens what the agent sealed. Rejects when it was sealed with another key, or changed since. */
export type Unseal = (sealed: string) => Promise<string>;

/**
 * @param keys sealing keys in base64, separated by commas: while one is replaced, the old one still opens what lies in KV
 */
export function createUnseal(keys: string | undefined): Unseal {
  let known: ReadonlyMap<string, CryptoKey> | undefined;
  return async (sealed) => {
    known ??= await importKeys(keys ?? "");
    const key = known.get(sealed.slice(0, KEY_ID_LENGTH));
    if (key === undefined) throw new Error("This was sealed with a key that is not here");
    const bytes = base64url.decode(sealed.slice(KEY_ID_LENGTH + 1));
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, key, bytes.subarray(NONCE_BYTES));
    return new TextDecoder().decode(text);
  };
}

async function importKeys(keys: string): Promise<ReadonlyMap<string, CryptoKey>> {
  const imported = new Map<string, CryptoKey>();
  for (const text of keys.split(",")) {
    if (text.trim() === "") continue;
    const bytes = decodeBase64(text);
    if (bytes.length !== SEAL_KEY_BYTES) throw new Error(`A sealing key has ${SEAL_KEY_BYTES} bytes`);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const id = base64url.encode(digest).slice(0, KEY_ID_LENGTH);
    imported.set(id, await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["decrypt"]));
  }
  return imported;
}
