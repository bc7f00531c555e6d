import { parseRule } from "../../../src/rule/parse-rule.ts";
import type { Rule } from "../../../src/table/rule.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { suggestName } from "../nearest-name.ts";
import type { Report } from "../read-object.ts";

const PREFIX = "sluice.dev/";
const MATCH = "router.match";

/** What an Ingress may say that Traefik has no annotation for, with the prefix `sluice.dev/`. */
export const ingressAnnotations: Readonly<Record<string, string>> = {
  [MATCH]:
    "a rule in Traefik's language, which requests must match besides the Ingress's own hosts and paths, such as ``Cookie(`beta`, `yes`) || Percent(`5`)``",
};

/** The rule of the annotation; `invalid`, with the problem reported, when it does not parse: nobody knows whom it keeps out. */
export function readMatchAnnotation(
  { metadata }: KubernetesObject,
  report: Report,
): { rule: Rule; text: string } | "invalid" | undefined {
  let found: string | undefined;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (!key.startsWith(PREFIX)) continue;
    const name = key.slice(PREFIX.length).toLowerCase();
    if (name === MATCH) found = String(value);
    else reportUnknown(key, report);
  }
  if (found === undefined) return undefined;
  const parsed = parseRule(found, "v3");
  const isError = "error" in parsed;
  for (const { code, message, hint } of isError ? [parsed.error] : parsed.warnings) {
    report({
      code,
      severity: isError ? "error" : "warning",
      path: ["metadata", "annotations", `${PREFIX}${MATCH}`],
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  return isError ? "invalid" : { rule: parsed.rule, text: found.trim() };
}

function reportUnknown(key: string, report: Report): void {
  const hint = suggestName(key.slice(PREFIX.length), Object.keys(ingressAnnotations));
  report({
    code: "unknown-field",
    severity: "warning",
    path: ["metadata", "annotations", key],
    message: `\`${key}\` has no effect on an Ingress`,
    ...(hint === undefined ? {} : { hint }),
  });
}
