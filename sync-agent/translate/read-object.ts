import * as z from "zod";
import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import { describeSchema, describeValue } from "./describe-schema.ts";
import { misplacedFields } from "./misplaced-fields.ts";
import { suggestName } from "./nearest-name.ts";
import type { Problem } from "./problem.ts";

/** Takes a problem of the object that is being read. */
export type Report = (problem: Omit<Problem, "object">) => void;

type Path = readonly (string | number)[];
type Misplaced = Readonly<Record<string, string>>;

// The core classes are those of `zod` and of `zod/mini` alike: the table's own schemas can be read too.
const {
  $ZodArray,
  $ZodDefault,
  $ZodDiscriminatedUnion,
  $ZodLazy,
  $ZodNever,
  $ZodNullable,
  $ZodObject,
  $ZodOptional,
  $ZodPipe,
  $ZodPrefault,
  $ZodRecord,
} = z.core;

const FAILED = Symbol("failed");

/** For each, the nearest name among the known is looked for. */
const MOST_UNKNOWN = 100;

interface Policy {
  /** A list of which no element may be lost: one bad element spoils it. */
  whole?: boolean;
  /** A field that is taken as absent when it is bad. */
  optional?: boolean;
}
const policies = z.registry<Policy>();

/** Marks a list of which no element may be lost silently (guards): one bad element makes the whole list bad. */
export const whole = <S extends z.ZodType>(schema: S): S => {
  policies.add(schema, { whole: true });
  return schema;
};

/** Marks a field that is not worth losing its object for: a bad value is reported and taken as absent. */
export const ignorable = <S extends z.ZodType>(schema: S): z.ZodOptional<S> => {
  const optional = z.optional(schema);
  policies.add(optional, { optional: true });
  return optional;
};

/**
 * Reads a value of unknown form. Returns what the schema makes of it, or undefined when it cannot be used; either
 * way each thing wrong is reported with its path: `invalid-field`, `unknown-field` with the nearest name,
 * `misplaced-field` for the paths in `misplaced`.
 *
 * A bad element of a list is left out and harms only itself (unless the list is `whole`); a bad field makes its
 * object bad (unless it is `ignorable`), so that nothing is served with half of what was asked for. `null` counts
 * as absent, as on an API server.
 */
export function readFields<S extends z.core.$ZodType>(
  schema: S,
  value: unknown,
  path: Path,
  report: Report,
  misplaced: Misplaced = {},
): z.output<S> | undefined {
  const result = new Reading(report, misplaced).read(schema, value, path);
  return result === FAILED ? undefined : (result as z.output<S>);
}

/** The elements of a list that can be read, each with its index: a bad one harms only itself. */
export function readEach<S extends z.core.$ZodType>(
  schema: S,
  list: readonly unknown[],
  path: Path,
  report: Report,
  misplaced?: Misplaced,
): { index: number; value: z.output<S> }[] {
  const elements: { index: number; value: z.output<S> }[] = [];
  for (const [index, element] of list.entries()) {
    const value = readFields(schema, element, [...path, index], report, misplaced);
    if (value !== undefined) elements.push({ index, value });
  }
  return elements;
}

const objectFields = new Set(["apiVersion", "kind", "metadata", "spec", "status"]);

/** Reads an object's `spec`, and reports fields beside it that do not belong there. */
export function readSpec<S extends z.core.$ZodType>(
  schema: S,
  object: KubernetesObject,
  report: Report,
): z.output<S> | undefined {
  for (const field of Object.keys(object)) {
    if (!objectFields.has(field)) reportUnknown(field, [field], [...objectFields], report);
  }
  return readFields(schema, object.spec, ["spec"], report, misplacedFields[object.kind as Kind]);
}

function reportUnknown(name: string, path: Path, known: readonly string[], report: Report): void {
  const hint = suggestName(name, known);
  report({
    code: "unknown-field",
    severity: "warning",
    path,
    message: `\`${name}\` is not a field of ${path.length > 1 ? `\`${printPath(path.slice(0, -1))}\`` : "the object"}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** `spec.routes[0].match`. */
const printPath = (path: Path): string =>
  path.reduce<string>(
    (text, part) => text + (typeof part === "number" ? `[${part}]` : text === "" ? part : `.${part}`),
    "",
  );

class Reading {
  private readonly report: Report;
  private readonly misplaced: Misplaced;

  constructor(report: Report, misplaced: Misplaced) {
    this.report = report;
    this.misplaced = misplaced;
  }

  read(schema: z.core.$ZodType, given: unknown, path: Path): unknown {
    const value = given === null && !(schema instanceof $ZodNullable) ? undefined : given;
    if (schema instanceof $ZodOptional) return this.readOptional(schema, value, path);
    if (schema instanceof $ZodDefault || schema instanceof $ZodPrefault) {
      if (value === undefined) return this.parse(schema, undefined, path);
      return this.read(schema._zod.def.innerType, value, path);
    }
    if (schema instanceof $ZodNullable) {
      return value === null ? null : this.read(schema._zod.def.innerType, value, path);
    }
    if (schema instanceof $ZodLazy) return this.read(schema._zod.innerType, value, path);
    if (schema instanceof $ZodPipe) {
      const inner = this.read(schema._zod.def.in, value, path);
      return inner === FAILED ? FAILED : this.parse(schema._zod.def.out, inner, path);
    }
    if (schema instanceof $ZodDiscriminatedUnion) return this.readUnion(schema, value, path);
    if (schema instanceof $ZodObject && isRecord(value)) return this.readRecord(schema, value, path);
    if (schema instanceof $ZodArray && Array.isArray(value)) return this.readList(schema, value, path);
    if (schema instanceof $ZodRecord && isRecord(value)) return this.readMap(schema, value, path);
    return this.parse(schema, value, path);
  }

  private readOptional(schema: z.core.$ZodOptional, value: unknown, path: Path): unknown {
    if (value === undefined) return undefined;
    const result = this.read(schema._zod.def.innerType, value, path);
    return result === FAILED && policies.get(schema)?.optional ? undefined : result;
  }

  private readRecord(schema: z.core.$ZodObject, value: Record<string, unknown>, path: Path): unknown {
    const { shape, catchall: rest } = schema._zod.def;
    const result: Record<string, unknown> = {};
    let failed = false;
    const take = (key: string, read: unknown): void => {
      if (read === FAILED) failed = true;
      else if (read !== undefined) define(result, key, read);
    };
    for (const [key, field] of Object.entries(shape)) take(key, this.read(field, own(value, key), [...path, key]));
    const isOpen = rest !== undefined && !(rest instanceof $ZodNever);
    const others = Object.keys(value).filter((key) => !Object.hasOwn(shape, key));
    if (isOpen) for (const key of others) take(key, this.read(rest, value[key], [...path, key]));
    else this.unknownFields(others, value, path, Object.keys(shape));
    return failed ? FAILED : this.check(schema, result, path);
  }

  private unknownFields(names: readonly string[], value: Record<string, unknown>, path: Path, known: string[]): void {
    for (const name of names.slice(0, MOST_UNKNOWN)) this.unknownField(name, value[name], [...path, name], known);
    const rest = names.length - MOST_UNKNOWN;
    if (rest <= 0) return;
    const message = `${rest} more are not fields of ${path.length > 0 ? `\`${printPath(path)}\`` : "the object"}`;
    this.report({ code: "unknown-field", severity: "warning", path, message });
  }

  private readList(schema: z.core.$ZodArray, value: unknown[], path: Path): unknown {
    const read = value.map((element, index) => this.read(schema._zod.def.element, element, [...path, index]));
    const good = read.filter((element) => element !== FAILED);
    if (good.length < read.length && policies.get(schema)?.whole) return FAILED;
    return this.check(schema, good, path);
  }

  private readMap(schema: z.core.$ZodRecord, value: Record<string, unknown>, path: Path): unknown {
    const result: Record<string, unknown> = {};
    let failed = false;
    for (const [key, element] of Object.entries(value)) {
      const read = this.read(schema._zod.def.valueType, element, [...path, key]);
      if (read === FAILED) failed = true;
      else define(result, key, read);
    }
    return failed ? FAILED : this.check(schema, result, path);
  }

  private readUnion(schema: z.core.$ZodDiscriminatedUnion, value: unknown, path: Path): unknown {
    if (!isRecord(value)) return this.parse(schema, value, path);
    const key = schema._zod.def.discriminator;
    const tags: z.core.$ZodType[] = [];
    for (const option of schema._zod.def.options) {
      const tag = option instanceof $ZodObject ? option._zod.def.shape[key] : undefined;
      if (tag === undefined) continue;
      if (z.safeParse(tag, own(value, key)).success) return this.read(option, value, path);
      tags.push(tag);
    }
    const expected = tags.map(describeSchema).join(" or ");
    this.invalid([...path, key], `must be ${expected}, not ${describeValue(own(value, key))}`);
    return FAILED;
  }

  /** The checks on a container whose parts have been read already. */
  private check(schema: z.core.$ZodType, value: unknown, path: Path): unknown {
    const checks = schema._zod.def.checks ?? [];
    return checks.length === 0 ? value : this.parse(z.custom<never>().check(...checks), value, path);
  }

  private parse(schema: z.core.$ZodType, value: unknown, path: Path): unknown {
    const result = z.safeParse(schema, value);
    if (result.success) return result.data;
    if (value === undefined) {
      this.invalid(path, `is missing; it must be ${describeSchema(schema)}`);
      return FAILED;
    }
    for (const issue of result.error.issues) {
      const at = keysOf(issue.path);
      const ofForm = at.length === 0 && ["invalid_type", "invalid_union", "invalid_value"].includes(issue.code);
      const message = ofForm ? `must be ${describeSchema(schema)}, not ${describeValue(value)}` : issue.message;
      this.invalid([...path, ...at], message);
    }
    return FAILED;
  }

  private invalid(path: Path, message: string): void {
    this.report({ code: "invalid-field", severity: "error", path, message: `\`${printPath(path)}\` ${message}` });
  }

  private unknownField(name: string, value: unknown, path: Path, known: readonly string[]): void {
    const place = path.filter((part) => typeof part === "string").join(".");
    const hint = own(this.misplaced, place);
    if (typeof hint === "string") {
      const message = `\`${name}\` has no effect in \`${printPath(path.slice(0, -1))}\``;
      this.report({ code: "misplaced-field", severity: "warning", path, message, hint });
    } else if (isRecord(value) && Object.keys(this.misplaced).some((key) => key.startsWith(`${place}.`))) {
      for (const key of Object.keys(value)) this.unknownField(key, value[key], [...path, key], []);
    } else reportUnknown(name, path, known, this.report);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys come from users: `__proto__` and `constructor` are names like others. */
const own = (value: object, key: string): unknown =>
  Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;

const define = (target: object, key: string, value: unknown): void => {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
};

const keysOf = (path: readonly PropertyKey[]): (string | number)[] =>
  path.map((key) => (typeof key === "symbol" ? String(key) : key));
