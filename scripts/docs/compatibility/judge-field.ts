import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import type { Problem } from "../../../sync-agent/translate/problem.ts";
import type { CrdField } from "./crd-fields.ts";
import { valuesFor } from "./field-values.ts";
import { type Outcome, type Probe, sameTable } from "./probe.ts";

/** What Sluice makes of a field, found out by translating objects that have it. */
export type Verdict =
  /** Some value changes what is served, and no problem says otherwise. `except`: those of its choices that are refused. */
  | { is: "supported"; except: readonly RefusedValue[] }
  /** Whatever it says, a problem says that it is not done. */
  | { is: "refused"; problem: Problem }
  /** Nothing knows the name. */
  | { is: "unknown" }
  /** No value changes anything, and nobody is told. */
  | { is: "ignored" }
  /** All values that were tried are bad ones. */
  | { is: "unproven"; problem: Problem };

interface RefusedValue {
  value: unknown;
  problem: Problem;
}

/** The problems that say that something is not done, rather than that it is written wrongly. */
const refusals: ReadonlySet<string> = new Set([
  "unsupported-field",
  "unsupported-kind",
  "middleware-unsupported",
  "middleware-by-platform",
  "filter-unsupported",
  "listener-unsupported",
  "resource-backend",
]);

/** Judges a field without fields below it by what becomes of `base` with each of its values. */
export function judgeField(field: CrdField, base: KubernetesObject, probe: Probe): Verdict {
  const before = probe(base);
  const seen: { value: unknown; effect: Effect }[] = [];
  for (const value of valuesFor(field)) {
    for (const { object, path } of variants(base, field.path, value)) {
      const effect = compare(before, probe(object), path);
      if (effect.is === "changed" && field.values.length === 0) return { is: "supported", except: [] };
      seen.push({ value, effect });
    }
    if (field.values.length === 0 && refusedAlike(seen) > 4) break;
  }
  return conclude(field, seen, isSound(base, before, field.path));
}

/** How many values in a row were refused for the same reason. */
const refusedAlike = (seen: readonly { effect: Effect }[]): number => {
  const last = seen.at(-1)?.effect;
  if (last?.is !== "refused") return 0;
  const other = seen.findLastIndex(
    ({ effect }) => effect.is !== "refused" || keyOf(effect.problem) !== keyOf(last.problem),
  );
  return seen.length - 1 - other;
};

type Effect = { is: "changed" | "nothing" | "unknown" } | { is: "refused" | "bad"; problem: Problem };

/** Whether the base has a value there that nothing is wrong with: others may be refused, but not all. */
function isSound(base: KubernetesObject, { problems }: Outcome, path: readonly string[]): boolean {
  const concrete = path.map((part) => (part === "[]" ? 0 : part));
  let value: unknown = base;
  for (const part of concrete)
    value = typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined;
  return value !== undefined && !problems.some((problem) => isWithin(placeOf(problem), concrete));
}

function conclude(
  { values }: CrdField,
  seen: readonly { value: unknown; effect: Effect }[],
  hasSoundValue: boolean,
): Verdict {
  if (seen.some(({ effect }) => effect.is === "unknown")) return { is: "unknown" };
  const refused = seen.flatMap(({ value, effect }) =>
    effect.is === "refused" ? [{ value, problem: effect.problem }] : [],
  );
  const quiet = seen.filter(({ effect }) => effect.is === "nothing");
  const hasEffect = seen.some(({ effect }) => effect.is === "changed");
  // Of values that can be counted the default changes nothing; with one alone there is nothing to change.
  const isChoice = quiet.length > 0 && values.length > 0 && (quiet.length < seen.length || values.length === 1);
  // A value that leads nowhere is reported, so the field is followed.
  const isFollowed = quiet.length > 0 && seen.some(({ effect }) => effect.is === "bad" && !ofForm(effect.problem));
  if (hasEffect || isChoice || isFollowed) return { is: "supported", except: values.length > 0 ? refused : [] };
  const [first] = refused;
  if (first !== undefined && hasSoundValue) return { is: "supported", except: [] };
  if (first !== undefined) return { is: "refused", problem: first.problem };
  if (quiet.length > 0) return { is: "ignored" };
  const bad = seen.flatMap(({ effect }) => (effect.is === "bad" ? [effect.problem] : []))[0];
  if (bad === undefined) throw new Error("no value was tried");
  return { is: "unproven", problem: bad };
}

/** The problems of a value that has not the form, rather than of one that leads nowhere. */
const ofForm = ({ code }: Problem): boolean =>
  code === "invalid-field" || code === "unknown-field" || code === "middleware-invalid";

type Path = readonly (string | number)[];

function compare(before: Outcome, after: Outcome, path: Path): Effect {
  const about = after.problems
    .filter((problem) => isWithin(placeOf(problem), path) || isWithin(path, problem.path))
    .toSorted((a, b) => b.path.length - a.path.length);
  const isUnknown = ({ code, path: at }: Problem): boolean =>
    (code === "unknown-field" || code === "misplaced-field") && isWithin(at, path);
  if (about.some(isUnknown)) return { is: "unknown" };
  const known = new Set(before.problems.map(keyOf));
  const bad = [...about, ...after.problems.filter((one) => one.severity === "error" && !known.has(keyOf(one)))];
  const refusal = bad.find(({ code }) => refusals.has(code));
  if (refusal !== undefined) return { is: "refused", problem: refusal };
  if (bad[0] !== undefined) return { is: "bad", problem: bad[0] };
  return { is: sameTable(before.table, after.table) ? "nothing" : "changed" };
}

const keyOf = ({ code, path }: Problem): string => JSON.stringify([code, path]);

/** A problem of what an object is, is one of all of it. */
const placeOf = ({ path }: Problem): Path => (path.at(-1) === "type" ? path.slice(0, -1) : path);

/** Whether `path` is `outer` or lies below it. A problem of the whole object is not one of each of its fields. */
const isWithin = (outer: Path, path: Path): boolean =>
  outer.length > 1 && outer.length <= path.length && outer.every((part, index) => part === path[index]);

/** Names of entries in maps: of headers, of statuses. */
const keys = ["X-Other", "500-599", "other"];

/** The object with a value at a path: `[]` is a list's first element, `*` an entry of any name. */
function* variants(
  base: KubernetesObject,
  path: readonly string[],
  value: unknown,
): Generator<{ object: KubernetesObject; path: Path }> {
  for (const key of path.includes("*") ? keys : [""]) {
    const concrete = path.map((part) => (part === "[]" ? 0 : part === "*" ? key : part));
    yield { object: withValue(base, concrete, value) as KubernetesObject, path: concrete };
  }
}

/** A copy with `value` at the path; what is missing on the way is made. */
function withValue(target: unknown, [first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) return value;
  if (typeof first === "number") {
    const list: unknown[] = Array.isArray(target) ? target : [];
    return list.length === 0
      ? [withValue(undefined, rest, value)]
      : list.with(first, withValue(list[first], rest, value));
  }
  const fields = typeof target === "object" && target !== null && !Array.isArray(target) ? target : {};
  return { ...fields, [first]: withValue(Reflect.get(fields, first), rest, value) };
}
