import type { KubernetesObject } from "../source/kubernetes-object.ts";
import { sha256Hex, withSuffix } from "./names.ts";

/** `name~1a2b3c4d@provider`: `~` occurs in no other name, so that a suffix cannot meet one. */
export const suffixed = (name: string, { kind, metadata }: KubernetesObject): string =>
  withSuffix(name, `~${sha256Hex(`${name} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`).slice(0, 8)}`);
