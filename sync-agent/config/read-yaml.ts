import { isMap, isScalar, isSeq, type Node, type Pair, Scalar } from "yaml";
import { suggestName } from "../translate/nearest-name.ts";
import type { Problem } from "../translate/problem.ts";

type FieldPath = readonly (string | number)[];
/** A problem with one node of the file; the caller knows which file. */
type NodeProblem = Pick<Problem, "code" | "severity" | "path" | "message" | "hint">;
export interface ReadContext {
  report(problem: NodeProblem, node: Node): void;
  /** The node that an alias stands for. */
  resolve(node: Node): Node | undefined;
}

/** Reads one value. Reports what is wrong with it, and returns undefined when nothing of it can be used. */
export type Field<T> = (node: Node, path: FieldPath, context: ReadContext) => T | undefined;

/** What a field takes: keys of its own, entries with names that the user chose, or a value in words. */
export type FieldForm =
  | { fields: Readonly<Record<string, Field<unknown>>> }
  | { entries: Field<unknown> }
  | { value: string }
  /** Nothing is done with it; the hint says where else it is decided. */
  | { unused: string };

const forms = new WeakMap<Field<unknown>, FieldForm>();

/** For the reference in docs/. */
export const formOf = (field: Field<unknown>): FieldForm | undefined => forms.get(field);

function withForm<F extends Field<unknown>>(form: FieldForm, field: F): F {
  forms.set(field, form);
  return field;
}

type Fields = Record<string, Field<unknown>>;
type Values<F extends Fields> = { [K in keyof F]?: NonNullable<ReturnType<F[K]>> };

/** An object with these keys, in any case: Traefik compares the names of its static configuration without it. */
export function object<F extends Fields>(fields: F): Field<Values<F>> {
  const byLowerName = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  return withForm({ fields }, (node, path, context) => {
    const pairs = pairsOf(node, path, context);
    if (pairs === undefined) return undefined;
    const values: Record<string, unknown> = {};
    for (const { key, keyNode, value } of pairs) {
      const name = byLowerName.get(key.toLowerCase());
      if (name === undefined) {
        context.report(unknownField([...path, key], key, Object.keys(fields)), keyNode);
        continue;
      }
      const read = fields[name]?.(value, [...path, name], context);
      if (read !== undefined) values[name] = read;
    }
    return values as Values<F>;
  });
}

/** An object whose keys are names that the user chose. */
export function mapOf<T>(field: Field<T>): Field<Record<string, T>> {
  return withForm({ entries: field }, (node, path, context) => {
    const pairs = pairsOf(node, path, context);
    if (pairs === undefined) return undefined;
    const values: Record<string, T> = {};
    for (const { key, value } of pairs) {
      const read = field(value, [...path, key], context);
      if (read !== undefined) values[key] = read;
    }
    return values;
  });
}

export const text: Field<string> = withForm({ value: "text" }, (node, path, context) => {
  const value = scalarOf(node, context);
  if (typeof value === "string" || typeof value === "number") return String(value);
  return invalid("text", node, path, context);
});

/** `true`, `false`, and their quoted forms, which Traefik takes too. */
export const bool: Field<boolean> = withForm({ value: "true or false" }, (node, path, context) => {
  const value = scalarOf(node, context);
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  return invalid("true or false", node, path, context);
});

export const integer: Field<number> = withForm({ value: "a whole number" }, (node, path, context) => {
  const value = scalarOf(node, context);
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number)) return number;
  return invalid("a whole number", node, path, context);
});

/** A list, or text with commas; an element that is wrong is left out alone. */
export const textList: Field<string[]> = withForm({ value: "a list of text" }, (node, path, context) => {
  const resolved = context.resolve(node);
  if (isSeq<Node>(resolved)) {
    return resolved.items.flatMap((item, index) => text(item, [...path, index], context) ?? []);
  }
  const value = scalarOf(node, context);
  if (typeof value !== "string") return invalid("a list", node, path, context);
  return value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
});

/** One of these words, in any case. */
export function choice<const T extends string>(words: readonly T[]): Field<T> {
  const wanted = `one of ${words.map((word) => `\`${word}\``).join(", ")}`;
  return withForm({ value: wanted }, (node, path, context) => {
    const value = String(scalarOf(node, context)).toLowerCase();
    const word = words.find((one) => one.toLowerCase() === value);
    return word ?? invalid(wanted, node, path, context);
  });
}

/** An object that may also be said by `true`, as on a command line; `false` is as if it was not there. */
export function switched<T>(field: Field<T>): Field<T> {
  return withForm(formOf(field) ?? { value: "" }, (node, path, context) => {
    const value = scalarOf(node, context);
    if (value === false || value === "false") return undefined;
    return field(value === true || value === "true" ? nothingAt(node) : node, path, context);
  });
}

/** A field made of another; `make` returns an Error that says what is wrong when it cannot be. */
export function made<T, U>(field: Field<T>, make: (value: T) => U | Error): Field<U> {
  return withForm(formOf(field) ?? { value: "" }, (node, path, context) => {
    const value = field(node, path, context);
    if (value === undefined) return undefined;
    const result = make(value);
    if (!(result instanceof Error)) return result;
    context.report({ code: "invalid-field", severity: "error", path, message: result.message }, node);
    return undefined;
  });
}

/** A field with the place that it was read from, for what can only be checked later. */
export interface Located<T> {
  value: T;
  node: Node;
  path: FieldPath;
}

export function located<T>(field: Field<T>): Field<Located<T>> {
  return withForm(formOf(field) ?? { value: "" }, (node, path, context) => {
    const value = field(node, path, context);
    return value === undefined ? undefined : { value, node, path };
  });
}

/** A field that is read, with something to say about what it does here. */
export function told<T>(field: Field<T>, what: string): Field<T> {
  return withForm(formOf(field) ?? { value: "" }, (node, path, context) => {
    const value = field(node, path, context);
    if (value !== undefined) {
      const message = `\`${path.join(".")}\` ${what}`;
      context.report({ code: "platform-decides", severity: "notice", path, message }, node);
    }
    return value;
  });
}

interface NoPlaceOptions {
  /** What to do, for the value as text. */
  advise?: (value: string) => string;
  /** A value of which nothing need be said: it asks for what is done anyway. */
  unless?: string;
}

/** A field that has no place where Sluice runs; `reason` says why, or what there is instead. */
export function noPlace(
  severity: "warning" | "notice",
  reason: string,
  { advise, unless }: NoPlaceOptions = {},
): Field<never> {
  return withForm({ unused: reason }, (node, path, context) => {
    const value = String(scalarOf(node, context));
    if (value === unless) return undefined;
    const message = `\`${path.join(".")}\` has no effect: ${reason}`;
    const hint = advise?.(value);
    context.report({ code: "platform-decides", severity, path, message, ...(hint !== undefined && { hint }) }, node);
    return undefined;
  });
}

/** A field that Traefik has and Sluice does nothing for. `notice` where no request is served differently for it. */
export function notDone(severity: "warning" | "notice", hint?: string): Field<never> {
  return withForm({ unused: hint ?? "" }, (node, path, context) => {
    context.report(
      {
        code: "unsupported-field",
        severity,
        path,
        message: `\`${path.join(".")}\` has no effect yet`,
        ...(hint !== undefined && { hint }),
      },
      node,
    );
    return undefined;
  });
}

/** A field with nothing in it for Sluice to do or to leave undone. */
export const nothingToDo: Field<never> = withForm({ unused: "there is nothing to do" }, () => undefined);

const invalid = (wanted: string, node: Node, path: FieldPath, context: ReadContext): undefined => {
  context.report(
    { code: "invalid-field", severity: "error", path, message: `\`${path.join(".")}\` must be ${wanted}` },
    node,
  );
};

function unknownField(path: FieldPath, key: string, known: readonly string[]): NodeProblem {
  const hint = suggestName(key, known);
  return {
    code: "unknown-field",
    severity: "warning",
    path,
    message: `Traefik's static configuration has no \`${path.join(".")}\``,
    ...(hint !== undefined && { hint }),
  };
}

function scalarOf(node: Node, context: ReadContext): unknown {
  const resolved = context.resolve(node);
  return isScalar(resolved) ? resolved.value : undefined;
}

/** The entries of a map; nothing at all counts as an empty one, as in `ping:`. */
function pairsOf(
  node: Node,
  path: FieldPath,
  context: ReadContext,
): { key: string; keyNode: Node; value: Node }[] | undefined {
  const resolved = context.resolve(node);
  if (isScalar(resolved) && resolved.value === null) return [];
  if (!isMap(resolved)) return invalid("an object", node, path, context);
  return (resolved.items as Pair<Node, Node | null>[]).flatMap(({ key, value }) =>
    isScalar(key) ? [{ key: String(key.value), keyNode: key, value: value ?? nothingAt(key) }] : [],
  );
}

function nothingAt(key: Node): Node {
  const nothing = new Scalar(null);
  if (key.range) nothing.range = key.range;
  return nothing;
}
