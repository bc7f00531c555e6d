import { base64url } from "jose";

/** The bytes of a base64 text in either alphabet, with or without padding. Throws for what is not one. */
export const decodeBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(base64url.decode(text.trim().replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")));
