import type { Place } from "./context.ts";

/** Reports a reference out of its namespace where the settings do not allow it. */
export function reportCrossNamespace(what: string, { path, report }: Place): void {
  report({
    code: "cross-namespace-reference",
    severity: "error",
    path,
    message: `This refers to ${what}, and references across namespaces are not allowed`,
    hint: "Set `allowCrossNamespace` of the kubernetesCRD provider, or move one of the two",
  });
}
