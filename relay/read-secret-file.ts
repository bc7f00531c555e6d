import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { decodeBase64 } from "../src/seal/decode-base64.ts";
import { SEAL_KEY_BYTES } from "../src/seal/seal-format.ts";

/**
 * What a file holds that a flag names, without the space around it.
 *
 * @throws Error with one line that names flag and file
 */
export async function readSecretFile(flag: string, file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`${flag} ${file} cannot be read (${cause.code ?? cause.message})`);
  });
  if (text.trim() === "") throw new Error(`${flag} ${file} is empty`);
  return text.trim();
}

/** A file of certificates; TLS itself passes over what is none, and then trusts nobody. */
export async function readAuthorities(flag: string, file: string): Promise<string> {
  const text = await readSecretFile(flag, file);
  try {
    new X509Certificate(text);
  } catch {
    throw new Error(`${flag} ${file} holds no certificate in PEM`);
  }
  return text;
}

/** A file of sealing keys with commas between, as the Worker's secret has them. */
export async function readSealKeys(flag: string, file: string): Promise<string> {
  const text = await readSecretFile(flag, file);
  const isKey = (key: string): boolean => {
    try {
      return decodeBase64(key).length === SEAL_KEY_BYTES;
    } catch {
      return false;
    }
  };
  const keys = text.split(",").filter((key) => key.trim() !== "");
  if (keys.length > 0 && keys.every(isKey)) return text;
  throw new Error(
    `${flag} ${file} holds no key: ${SEAL_KEY_BYTES} bytes in base64, as \`openssl rand -base64 32\` makes them`,
  );
}
