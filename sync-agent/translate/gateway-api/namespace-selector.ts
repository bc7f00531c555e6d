import * as z from "zod";
import type { ObjectReader } from "../../source/object-store.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/ */
export const labelSelectorSchema = z.object({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(z.string()).default([]),
      }),
    )
    .default([]),
});
export type LabelSelector = z.output<typeof labelSelectorSchema>;

/** Whether a selector takes a namespace. Each namespace has its name as a label, also one that is not in the folder. */
export function selectsNamespace(selector: LabelSelector, namespace: string, objects: ObjectReader): boolean {
  const labels = new Map(Object.entries(objects.get("Namespace", "", namespace)?.metadata.labels ?? {}));
  labels.set("kubernetes.io/metadata.name", namespace);
  const fitsLabels = Object.entries(selector.matchLabels).every(([key, value]) => labels.get(key) === value);
  return (
    fitsLabels &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const value = labels.get(key);
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      return (value !== undefined && values.includes(value)) === (operator === "In");
    })
  );
}
