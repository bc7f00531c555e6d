import type { KubernetesObject } from "../source/kubernetes-object.ts";
import { sha256Hex } from "./names.ts";

/** `name~1a2b3c4d@provider`: `~` occurs in no other name, so that a suffix cannot meet one. */
export function suffixed(name: string, { kind, metadata }: KubernetesObject): string {
  const suffix = `~${sha256Hex(`${name} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`).slice(0, 8)}`;
  const at = name.lastIndexOf("@");
  return at === -1 ? name + suffix : `${name.slice(0, at)}${suffix}${name.slice(at)}`;
}
