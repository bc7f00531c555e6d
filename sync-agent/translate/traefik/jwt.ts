import { createPublicKey } from "node:crypto";
import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { nameOfObject } from "../distinct-name.ts";
import { readFields } from "../read-object.ts";
import { readSecret, secretKeys } from "../read-secret.ts";
import { useAddress } from "./address-service.ts";
import { findMiddlewareSecret, sealForEdge } from "./middleware-secret.ts";
import type { OptionsPlace, ReadOptions } from "./read-options.ts";

const claimValue = z.union([z.string(), z.number(), z.boolean()]);

/** Sluice's own: `spec.jwt`, or `spec.plugin.jwt` where the cluster's CRDs know no field of that name. */
export const jwtSpec = z.object({
  jwksUrl: z.string().optional(),
  secret: z.string().optional(),
  issuer: z.string().optional(),
  audience: z.union([z.string(), z.array(z.string())]).optional(),
  requiredClaims: z.record(z.string(), z.union([claimValue, z.array(claimValue)])).optional(),
  forwardClaims: z.record(z.string(), z.string()).optional(),
  removeHeader: z.boolean().optional(),
});

export const readJwt: ReadOptions = (value, place) => {
  const spec = readFields(jwtSpec, value, place.path, place.report);
  if (spec === undefined || !isUsable(spec, place)) return undefined;
  const keys = readKeys(spec, place);
  if (keys === undefined) return undefined;
  const asList = <T>(one: T | T[]): T[] => (Array.isArray(one) ? one : [one]);
  const required = Object.entries(spec.requiredClaims ?? {}).map(([claim, values]) => [claim, asList(values)]);
  return {
    type: "jwt",
    ...keys,
    ...(spec.issuer ? { issuer: spec.issuer } : {}),
    audience: asList(spec.audience ?? []),
    requiredClaims: Object.fromEntries(required),
    forwardClaims: spec.forwardClaims ?? {},
    removeHeader: spec.removeHeader ?? false,
  };
};

/** Traefik's plugins do not run here; the name `jwt` is that of the edge's own middleware. */
export const readPlugin: ReadOptions = (value, place) => {
  const names = typeof value === "object" && value !== null ? Object.keys(value) : [];
  if (names.length === 1 && names[0] === "jwt") {
    return readJwt(Reflect.get(Object(value), "jwt"), { ...place, path: [...place.path, "jwt"] });
  }
  place.report({
    code: "middleware-unsupported",
    severity: "error",
    path: place.path,
    message: "Plugins of Traefik do not run at the edge",
    hint: "Tokens are verified by the middleware `jwt`",
  });
  return undefined;
};

function isUsable({ jwksUrl, secret, forwardClaims = {} }: z.output<typeof jwtSpec>, place: OptionsPlace): boolean {
  const header = Object.keys(forwardClaims).find((name) => !/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(name));
  const reason =
    (jwksUrl === undefined) === (secret === undefined)
      ? "`jwt` needs either `jwksUrl` or `secret`"
      : header !== undefined
        ? `\`${header}\` is not a header name`
        : undefined;
  if (reason === undefined) return true;
  const hint =
    header === undefined ? "" : "`forwardClaims` has headers, each with the claim that it tells: `X-User: sub`";
  const report = { code: "middleware-invalid", severity: "error", path: place.path, message: reason } as const;
  place.report(hint === "" ? report : { ...report, hint });
  return false;
}

function readKeys(
  { jwksUrl, secret: name = "" }: z.output<typeof jwtSpec>,
  place: OptionsPlace,
): { keys: string } | { service: string; jwksUrl: string } | undefined {
  if (jwksUrl !== undefined) {
    const service = nameOfObject("services", place.object, place.context, "~jwks");
    const url = useAddress(jwksUrl, service, place, "jwksUrl");
    return url && { service, jwksUrl: url.href };
  }
  const secret = findMiddlewareSecret(name, place);
  const text = secret && secretText(secret);
  if (secret === undefined) return undefined;
  const set = text === undefined ? undefined : toKeySet(text);
  if (set !== undefined) {
    const keys = sealForEdge(JSON.stringify(set), place);
    return keys === undefined ? undefined : { keys };
  }
  place.report({
    code: "middleware-invalid",
    severity: "error",
    path: [...place.path, "secret"],
    message: `The Secret \`${name}\` holds no key`,
    hint: "Its only key, or `key`, holds a shared secret of 32 bytes or more, a public key (PEM), or a JSON Web Key Set",
  });
  return undefined;
}

function secretText(secret: KubernetesObject): string | undefined {
  const keys = secretKeys(secret);
  return readSecret(secret, keys.length === 1 ? (keys[0] ?? "") : "key")?.trim();
}

/** HS256 asks for as many (RFC 7518, section 3.2). */
const MIN_SECRET_BYTES = 32;

/** A JSON Web Key Set without private parts; a shared secret as its only key. */
function toKeySet(text: string): { keys: object[] } | undefined {
  try {
    if (text.startsWith("-----BEGIN")) return { keys: [createPublicKey(text).export({ format: "jwk" })] };
    if (!text.startsWith("{")) {
      const bytes = Buffer.from(text);
      return bytes.length < MIN_SECRET_BYTES ? undefined : { keys: [{ kty: "oct", k: bytes.toString("base64url") }] };
    }
    const parsed = z
      .union([z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }), z.looseObject({ kty: z.string() })])
      .parse(JSON.parse(text));
    const keys = "keys" in parsed && Array.isArray(parsed.keys) ? parsed.keys : [parsed];
    return keys.length === 0 ? undefined : { keys: keys.map(publicPart) };
  } catch {
    return undefined;
  }
}

/** A shared secret is a key by itself, and stays as it is. */
function publicPart(key: Record<string, unknown>): object {
  if (key.kty === "oct") throw new Error("a shared secret does not belong into a key set");
  return { ...createPublicKey({ key, format: "jwk" }).export({ format: "jwk" }), ...pick(key, ["kid", "alg", "use"]) };
}

const pick = (from: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])));
