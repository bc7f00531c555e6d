/**
 * What the edge needs of Secrets lies in KV sealed: `<key id>.<base64url>` of 12 bytes of nonce, then what AES-256-GCM
 * makes of the text (NIST SP 800-38D), its tag of 16 bytes last.
 */
export const NONCE_BYTES = 12;

/** Bytes of a sealing key. */
export const SEAL_KEY_BYTES = 32;

/** Characters of a key's id: the beginning of its SHA-256 in base64url. */
export const KEY_ID_LENGTH = 8;
