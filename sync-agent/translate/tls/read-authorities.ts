import { X509Certificate } from "node:crypto";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { readConfigMap, readSecret } from "../read-secret.ts";

/** What a Secret or ConfigMap says of whom to believe. */
export interface Authorities {
  /** PEM; undefined when it says nothing. */
  pem: string | undefined;
  /** What is wrong, in words that go on after the object's name. */
  fault: string | undefined;
}

/** Traefik's order, for Secrets and ConfigMaps alike. */
const traefikKeys = ["tls.ca", "ca.crt"] as const;

/** A bundle holds hundreds, and many routes may name it; objects are never changed in place. */
const known = new WeakMap<KubernetesObject, Authorities>();

/**
 * The certificates of authorities that a Secret or ConfigMap holds under `tls.ca`, else under `ca.crt`. Text with a
 * certificate that cannot be read is given back all the same, with its fault: who is told to believe it alone must not
 * believe the system's authorities in its place.
 */
export function readAuthorities(object: KubernetesObject): Authorities {
  const found = known.get(object);
  if (found !== undefined) return found;
  const read = object.kind === "ConfigMap" ? readConfigMap : readSecret;
  const key = traefikKeys.find((one) => read(object, one));
  const pem = key && read(object, key);
  const fault = key && pem ? faultOf(pem, key) : "has neither `ca.crt` nor `tls.ca`";
  const made = { pem: pem || undefined, fault };
  known.set(object, made);
  return made;
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
