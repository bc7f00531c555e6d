import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import type { ObjectReader } from "../../sync-agent/source/object-store.ts";
import { readSecret } from "../../sync-agent/translate/read-secret.ts";
import type { CertificatePair } from "./make-certificate.ts";

/**
 * The certificates that routes name: `spec.tls.secretName` of an IngressRoute, `spec.tls[].secretName` of an Ingress,
 * `certificateRefs` of a Gateway's listeners, and the default one of a TLSStore.
 */
export function tlsSecrets(objects: ObjectReader): CertificatePair[] {
  const named = new Set<KubernetesObject>();
  const add = (owner: KubernetesObject, name: unknown, namespace: unknown = owner.metadata.namespace): void => {
    if (typeof name !== "string" || typeof namespace !== "string") return;
    const secret = objects.get("Secret", namespace, name);
    if (secret) named.add(secret);
  };
  for (const route of objects.list("IngressRoute")) add(route, at(route, "spec", "tls", "secretName"));
  for (const store of objects.list("TLSStore")) add(store, at(store, "spec", "defaultCertificate", "secretName"));
  for (const ingress of objects.list("Ingress")) {
    for (const tls of listAt(ingress, "spec", "tls")) add(ingress, at(tls, "secretName"));
  }
  for (const gateway of objects.list("Gateway")) {
    for (const listener of listAt(gateway, "spec", "listeners")) {
      for (const ref of listAt(listener, "tls", "certificateRefs")) add(gateway, at(ref, "name"), at(ref, "namespace"));
    }
  }
  return [...named].flatMap((secret) => {
    const [cert, key] = [readSecret(secret, "tls.crt"), readSecret(secret, "tls.key")];
    return cert && key ? [{ cert, key }] : [];
  });
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, name) ? Reflect.get(inner, name) : undefined,
    value,
  );
}

function listAt(value: unknown, ...path: string[]): unknown[] {
  const list = at(value, ...path);
  return Array.isArray(list) ? list : [];
}
