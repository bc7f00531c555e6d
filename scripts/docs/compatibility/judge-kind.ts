import { type CrdField, printField } from "./crd-fields.ts";
import { judgeField, type Verdict } from "./judge-field.ts";
import type { KindUnderTest } from "./kind-under-test.ts";
import type { Probe } from "./probe.ts";

/** A field and what Sluice makes of it. */
export interface JudgedField {
  /** Where it stands, as `spec.routes[].match`. */
  path: string;
  verdict: Verdict;
}

/** Every field of a kind that has none below it: lists and maps of plain values count as one. */
export function judgeKind(kind: KindUnderTest, probe: Probe): JudgedField[] {
  const { fields } = kind;
  const isParent = (field: CrdField): boolean =>
    fields.some(({ path }) => path.length > field.path.length && field.path.every((part, i) => part === path[i]));
  return fields
    .filter((field) => !isParent(field))
    .map((field) => ({
      path: nameOf(field.path),
      verdict: judgeField(field, baseFor(printField(field.path), kind), probe),
    }));
}

function nameOf(path: readonly string[]): string {
  if (path[1] === "annotations") return path.slice(2).join(".");
  return printField(path.at(-1) === "[]" || path.at(-1) === "*" ? path.slice(0, -1) : path);
}

function baseFor(path: string, { kind, bases }: KindUnderTest) {
  const names = Object.keys(bases).filter(
    (name) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`),
  );
  const [longest] = names.sort((a, b) => b.length - a.length);
  const base = longest === undefined ? undefined : bases[longest];
  if (base === undefined) throw new Error(`no ${kind} to try ${path} in`);
  return base;
}
