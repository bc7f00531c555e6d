import { X509Certificate } from "node:crypto";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { readConfigMap, readSecret, secretKeys } from "../read-secret.ts";

/** What a Secret or ConfigMap says of whom to believe. */
export interface Authorities {
  /** PEM; undefined when it says nothing. */
  pem: string | undefined;
  /** What is wrong, in words that go on after the object's name. */
  fault: string | undefined;
}

/**
 * Traefik's kinds read `tls.ca`, else `ca.crt`, of Secrets and ConfigMaps alike, and else the only entry of a Secret, as its
 * older versions did.
 */
export const readAuthorities = authoritiesOf((object) => {
  const only = object.kind === "Secret" ? secretKeys(object) : [];
  return ["tls.ca", "ca.crt", ...(only.length === 1 ? only : [])];
});

/** Gateway API knows `ca.crt` only (https://gateway-api.sigs.k8s.io/reference/spec/#backendtlspolicyvalidation). */
export const readGatewayAuthorities = authoritiesOf(() => ["ca.crt"]);

/**
 * Reads the certificates of authorities under the first of these keys that a Secret or ConfigMap has. Text with a
 * certificate that cannot be read is given back all the same, with its fault: who is told to believe it alone must not
 * believe the system's authorities in its place.
 */
function authoritiesOf(
  keysOf: (object: KubernetesObject) => readonly string[],
): (object: KubernetesObject) => Authorities {
  // A bundle holds hundreds, and many routes may name it; objects are never changed in place.
  const known = new WeakMap<KubernetesObject, Authorities>();
  return (object) => {
    let found = known.get(object);
    if (found === undefined) {
      found = readFrom(object, keysOf(object));
      known.set(object, found);
    }
    return found;
  };
}

function readFrom(object: KubernetesObject, keys: readonly string[]): Authorities {
  const read = object.kind === "ConfigMap" ? readConfigMap : readSecret;
  for (const key of keys) {
    const pem = read(object, key);
    if (pem) return { pem, fault: faultOf(pem, key) };
  }
  return {
    pem: undefined,
    fault: `has no certificates in ${[...new Set(keys)].map((key) => `\`${key}\``).join(" or ")}`,
  };
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function faultOf(pem: string, key: string): string | undefined {
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) return `holds no certificate in \`${key}\` that can be read (PEM)`;
  const bad = blocks.findIndex((block) => !isCertificate(block));
  return bad === -1 ? undefined : `holds a certificate in \`${key}\` that cannot be read, number ${bad + 1}`;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
