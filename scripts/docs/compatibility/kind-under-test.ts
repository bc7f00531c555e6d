import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import type { CrdField } from "./crd-fields.ts";

/** A kind, and sound objects of it in which its fields are tried. */
export interface KindUnderTest {
  kind: string;
  fields: readonly CrdField[];
  /** The objects by the field that each is for; of several that of the longest path that leads to a field. */
  bases: Readonly<Record<string, KubernetesObject>>;
}
