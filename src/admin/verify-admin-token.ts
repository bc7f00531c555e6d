import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from "jose";

/** What a token may be used for: its `scope` claim (RFC 8693, section 4.2), a list separated by spaces. */
export type AdminScope = "read" | "publish";

type AdminVerdict = "ok" | "no-token" | "invalid-token" | "insufficient-scope";

export type VerifyAdminToken = (authorization: string | null, scope: AdminScope) => Promise<AdminVerdict>;

export const ADMIN_AUDIENCE = "sluice-admin";

/**
 * Checks bearer tokens (RFC 6750) against the operator's public keys. A token names the audience `sluice-admin`,
 * ends (`exp`), and carries its scopes. Only asymmetric algorithms are taken.
 */
export function createAdminVerifier(keys: JSONWebKeySet, now: () => number): VerifyAdminToken {
  const keySet = createLocalJWKSet(keys);
  return async (authorization, scope) => {
    const token = /^Bearer +([^ ]+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return "no-token";
    try {
      const { payload } = await jwtVerify(token, keySet, {
        audience: ADMIN_AUDIENCE,
        algorithms: ["EdDSA", "Ed25519", "ES256", "RS256", "PS256"],
        requiredClaims: ["exp"],
        currentDate: new Date(now()),
      });
      const scopes = typeof payload.scope === "string" ? payload.scope.split(" ") : [];
      return scopes.includes(scope) ? "ok" : "insufficient-scope";
    } catch (error) {
      if (error instanceof errors.JOSEError) return "invalid-token";
      throw error;
    }
  };
}
