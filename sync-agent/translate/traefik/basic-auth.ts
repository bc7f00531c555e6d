import { pbkdf2Sync } from "node:crypto";
import * as z from "zod";
import { MAX_BCRYPT_COST, parsePasswordHash } from "../../../src/password/password-hash.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { sha256Hex } from "../names.ts";
import { readFields } from "../read-object.ts";
import { readSecret, secretKeys } from "../read-secret.ts";
import { findMiddlewareSecret, sealForEdge } from "./middleware-secret.ts";
import type { OptionsPlace, ReadOptions } from "./read-options.ts";

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/basicauth/ */
export const basicAuthSpec = z.object({
  secret: z.string(),
  realm: z.string().optional(),
  removeHeader: z.boolean().optional(),
  headerField: z.string().optional(),
});

/** Users with their passwords' hashes, sealed. */
export const readBasicAuth: ReadOptions = (value, place) => {
  const spec = readFields(basicAuthSpec, value, place.path, place.report);
  const users = spec && readUsers(spec.secret, place);
  const sealed = users && sealForEdge(JSON.stringify(users), place);
  if (spec === undefined || sealed === undefined) return undefined;
  return {
    type: "basicAuth",
    users: sealed,
    realm: spec.realm || "traefik",
    removeHeader: spec.removeHeader ?? false,
    ...(spec.headerField ? { headerField: spec.headerField } : {}),
  };
};

/** The lines that can be used. A user who cannot log in harms no other; with nobody left the middleware is none. */
function readUsers(name: string, place: OptionsPlace): string[] | undefined {
  const secret = findMiddlewareSecret(name, place);
  if (secret === undefined) return undefined;
  const lines = secret.type === "kubernetes.io/basic-auth" ? hashOne(secret) : readUserLines(secret);
  const usable = lines.filter((line) => {
    const reason = whyUnusable(line);
    if (reason !== undefined) reportUser(`${describeUser(line)} of the Secret \`${name}\` ${reason}`, place);
    return reason === undefined;
  });
  if (usable.length > 0) return usable;
  const message = `The Secret \`${name}\` holds no user who could log in`;
  const hint =
    "Its only key, or `users`, holds lines as `htpasswd` writes them; or it is of the type kubernetes.io/basic-auth";
  place.report({ code: "middleware-invalid", severity: "error", path: [...place.path, "secret"], message, hint });
  return undefined;
}

/** The lines under the only key of a Secret, as Traefik reads it, or under `users` of several. */
export function readUserLines(secret: KubernetesObject): string[] {
  const keys = secretKeys(secret);
  const key = keys.length === 1 ? keys[0] : "users";
  const text = (key !== undefined && readSecret(secret, key)) || "";
  return text.split(/\r?\n/).flatMap((line) => line.trim() || []);
}

/** Traefik takes the first colon for the only one: no hash has another. */
function whyUnusable(line: string): string | undefined {
  const colon = line.indexOf(":");
  if (colon === -1) return "has no password";
  const hash = parsePasswordHash(line.slice(colon + 1));
  if (hash === undefined) return "has a password that is not hashed by bcrypt, MD5-crypt or {SHA}";
  if (hash.type === "bcrypt" && hash.cost > MAX_BCRYPT_COST) {
    return `has a password hashed at the cost ${hash.cost}: above ${MAX_BCRYPT_COST} each try takes more CPU time than the edge should give to whoever tries`;
  }
  return undefined;
}

/** Names nothing of a line that has no user: it might be a password. */
const describeUser = (line: string): string => {
  const colon = line.indexOf(":");
  return colon === -1 ? "A line" : `The user \`${line.slice(0, colon)}\``;
};

const HASH_ANEW = "Hash the password anew: `htpasswd -B` takes the cost 5";

export function reportUser(message: string, { path, report }: OptionsPlace, hint = HASH_ANEW): void {
  report({ code: "user-unusable", severity: "error", path: [...path, "secret"], message, hint });
}

const ITERATIONS = 4096;
/** Many routes use one Secret. */
const hashed = new WeakMap<KubernetesObject, string[]>();

/**
 * The user of a Secret that holds a plain password, which does not leave the cluster. Its salt is made of the place and
 * the name, so that a restart publishes nothing.
 */
function hashOne(secret: KubernetesObject): string[] {
  const known = hashed.get(secret);
  if (known !== undefined) return known;
  const user = readSecret(secret, "username");
  const password = readSecret(secret, "password");
  if (!user || !password || user.includes(":")) return [];
  const { namespace, name } = secret.metadata;
  const salt = Buffer.from(sha256Hex(JSON.stringify([namespace, name, user])), "hex").subarray(0, 16);
  const digest = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const line = `${user}:$pbkdf2-sha256$${ITERATIONS}$${salt.toString("base64url")}$${digest.toString("base64url")}`;
  hashed.set(secret, [line]);
  return [line];
}
