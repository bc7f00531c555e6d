import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { suggestName } from "../nearest-name.ts";
import type { Report } from "../read-object.ts";

export const ANNOTATION_PREFIX = "traefik.ingress.kubernetes.io/";

export interface Annotation {
  /** Without the prefix, in lower case: Traefik compares names so. */
  name: string;
  value: string;
  path: readonly string[];
}

/** The annotations of an object that Traefik's prefix marks, by name. */
export function annotationsOf({ metadata }: KubernetesObject): Map<string, Annotation> {
  const found = new Map<string, Annotation>();
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (!key.startsWith(ANNOTATION_PREFIX)) continue;
    const name = key.slice(ANNOTATION_PREFIX.length).toLowerCase();
    found.set(name, { name, value: String(value), path: ["metadata", "annotations", key] });
  }
  return found;
}

/** A comma-separated list, without empty elements. */
export const listOf = (annotation: Annotation | undefined): string[] =>
  (annotation?.value ?? "")
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "");

/** The forms of Go's `strconv.ParseBool`; nothing at all is true (`router.tls: ""`). */
export function booleanOf(annotation: Annotation | undefined, report: Report): boolean | undefined {
  if (annotation === undefined) return undefined;
  if (/^(?:1|t|true|)$/i.test(annotation.value)) return true;
  if (/^(?:0|f|false)$/i.test(annotation.value)) return false;
  reportValue(annotation, '"true" or "false"', report);
  return undefined;
}

export function integerOf(annotation: Annotation | undefined, report: Report): number | undefined {
  if (annotation === undefined) return undefined;
  const number = /^[+-]?\d+$/.test(annotation.value) ? Number(annotation.value) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  reportValue(annotation, "a whole number in quotes", report);
  return undefined;
}

export const reportValue = ({ name, value, path }: Annotation, wanted: string, report: Report): void =>
  report({
    code: "invalid-field",
    severity: "warning",
    path,
    message: `\`${name}\` must be ${wanted}, not ${JSON.stringify(value.slice(0, 60))}; it has no effect`,
  });

/** A name with numbers in it, as in `router.tls.domains.0.main`, in the form in which it is listed. */
const pattern = (name: string): string => name.replaceAll(/\.\d+\./g, ".n.");

/** Reports annotations that are not among `known`. `misplaced` says of some where they belong. */
export function reportUnknown(
  annotations: ReadonlyMap<string, Annotation>,
  known: readonly string[],
  kind: string,
  misplaced: (name: string) => string | undefined,
  report: Report,
): void {
  for (const { name, path } of annotations.values()) {
    if (known.includes(pattern(name))) continue;
    const place = misplaced(name);
    const hint = place ?? suggestName(name, known);
    report({
      code: place === undefined ? "unknown-field" : "misplaced-field",
      severity: "warning",
      path,
      message: `\`${ANNOTATION_PREFIX}${name}\` has no effect on ${kind}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
