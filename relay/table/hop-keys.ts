import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { importJWK, type JWK } from "jose";
import * as z from "zod";

/** Public Ed25519 keys by their `kid`. */
export type HopKeys = ReadonlyMap<string, JWK>;

const jwkSchema = z.looseObject({
  kid: z.string().min(1),
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string(),
});
const fileSchema = z.union([
  z.object({ keys: z.array(jwkSchema).min(1) }).transform(({ keys }) => keys),
  jwkSchema.transform((key) => [key]),
]);

/**
 * Reads the keys whose tokens are taken: a JWK, a JWK set, or a folder of either (as Kubernetes mounts a ConfigMap).
 * A private half that came along is not kept.
 *
 * @throws Error with one line that names the file
 */
export async function readHopKeys(path: string): Promise<HopKeys> {
  const info = await stat(path).catch(() => {
    throw new Error(`--hop-keys ${path}: there is no such file or folder`);
  });
  const files = info.isDirectory()
    ? (await readdir(path)).filter((name) => !name.startsWith(".")).map((name) => join(path, name))
    : [path];
  const keys = new Map<string, JWK>();
  for (const file of files)
    for (const { kid, kty, crv, x } of await readFileOfKeys(file)) keys.set(kid, { kid, kty, crv, x });
  if (keys.size === 0) throw new Error(`--hop-keys ${path}: there is no key in it`);
  return keys;
}

async function readFileOfKeys(file: string): Promise<z.infer<typeof fileSchema>> {
  const text = await readFile(file, "utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`--hop-keys ${file}: it is not JSON`);
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw new Error(`--hop-keys ${file}: it is no JWK or JWK set of public Ed25519 keys with a kid`);
  for (const key of parsed.data) {
    await importJWK({ kty: key.kty, crv: key.crv, x: key.x }, "EdDSA").catch(() => {
      throw new Error(`--hop-keys ${file}: the key ${key.kid} is no Ed25519 key`);
    });
  }
  return parsed.data;
}
