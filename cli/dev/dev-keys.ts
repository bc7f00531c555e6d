import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWK, SignJWT } from "jose";
import { ADMIN_AUDIENCE } from "../../src/admin/verify-admin-token.ts";

/** Keys that live as long as the process. */
export interface DevKeys {
  /** Signs hops at the edge and verifies them at the gateway. */
  hop: { kid: string; privateKey: JWK; publicKey: JWK };
  /** Seals what the edge needs of Secrets. */
  seal: Uint8Array;
  /** Opens the Worker's admin API. */
  admin: { host: string; keySet: JSONWebKeySet; token: string };
}

const TOKEN_LIFETIME = "30d";

export async function makeDevKeys(): Promise<DevKeys> {
  const [hop, admin] = await Promise.all([makePair("hop"), makePair("admin")]);
  const token = await new SignJWT({ scope: "read" })
    .setProtectedHeader({ alg: "EdDSA", kid: admin.kid })
    .setAudience(ADMIN_AUDIENCE)
    .setExpirationTime(TOKEN_LIFETIME)
    .sign(admin.privateKey);
  return {
    hop,
    seal: randomBytes(32),
    admin: { host: "admin.sluice.internal", keySet: { keys: [admin.publicKey] }, token },
  };
}

async function makePair(kid: string): Promise<DevKeys["hop"]> {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return {
    kid,
    privateKey: { ...(await exportJWK(privateKey)), kid },
    publicKey: { ...(await exportJWK(publicKey)), kid },
  };
}
