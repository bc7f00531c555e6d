import { groupOf } from "../known-kinds.ts";
import type { Kind } from "../kubernetes-object.ts";
import { SERVICE_NAME_LABEL } from "../memory-store.ts";

/** A kind as one API server has it. */
export interface Resource {
  kind: Kind;
  apiVersion: string;
  /** Its name in paths: `ingressroutes`. */
  plural: string;
  isNamespaced: boolean;
}

/** Where a resource is listed and watched; `namespace` undefined is all of them. */
export function resourcePath({ apiVersion, plural, isNamespaced }: Resource, namespace: string | undefined): string {
  const scope = isNamespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `/${groupOf(apiVersion) === "" ? "api" : "apis"}/${apiVersion}${scope}/${plural}`;
}

/** Secrets that no route can refer to. Helm keeps whole releases in its own, up to a megabyte each. */
const foreignSecretTypes = [
  "helm.sh/release.v1",
  "kubernetes.io/service-account-token",
  "kubernetes.io/dockercfg",
  "kubernetes.io/dockerconfigjson",
  "bootstrap.kubernetes.io/token",
];

/**
 * What is asked of the server besides the kind: it leaves out what cannot matter, so that it is neither sent nor held. The
 * label selectors of the static configuration are not among it: each provider has its own, and the translator's view
 * applies them. A role may be confined to the object of a name: the server knows that selector.
 *
 * @param name of the only object that is asked for; undefined for all
 */
export function resourceQuery({ kind }: Resource, name?: string): Record<string, string> {
  if (name !== undefined) return { fieldSelector: `metadata.name=${name}` };
  if (kind === "Secret") return { fieldSelector: foreignSecretTypes.map((type) => `type!=${type}`).join(",") };
  if (kind === "EndpointSlice") return { labelSelector: SERVICE_NAME_LABEL };
  return {};
}
