import * as z from "zod";

const { core } = z;
type Schema = z.core.$ZodType;

/** A field of a schema: its path (`routes[].match`), and what it takes, in words. */
export interface FieldRow {
  path: string;
  form: string;
}

export interface WalkOptions {
  /** Schemas of what a schema leaves to be read element by element, by path. */
  inner: Readonly<Record<string, Schema>>;
  /** What is to be said of a path instead of its form; what is below it is left out. */
  notes: Readonly<Record<string, string>>;
}

/** All fields below a schema, an object's before those within them. */
export function fieldRows(schema: Schema, options: WalkOptions, path = ""): FieldRow[] {
  const shape = shapeOf(schema);
  return Object.entries(shape).flatMap(([name, field]) =>
    rowsOf(field, options, path === "" ? name : `${path}.${name}`),
  );
}

function rowsOf(field: Schema, options: WalkOptions, path: string): FieldRow[] {
  const { schema, note } = unwrap(field);
  const said = Object.hasOwn(options.notes, path) ? options.notes[path] : undefined;
  if (said !== undefined) return [{ path, form: said }];
  const inner = Object.hasOwn(options.inner, path) ? options.inner[path] : undefined;
  if (inner !== undefined) return rowsOf(inner, { ...options, inner: without(options.inner, path) }, path);
  if (schema instanceof core.$ZodArray) {
    const element = Object.hasOwn(options.inner, `${path}[]`) ? options.inner[`${path}[]`] : schema._zod.def.element;
    const below = element === undefined ? [] : fieldRows(element, options, `${path}[]`);
    if (below.length > 0) return [{ path, form: `a list${note}` }, ...below];
  }
  const below = schema instanceof core.$ZodObject || schema instanceof core.$ZodDiscriminatedUnion;
  if (below) return [{ path, form: `a mapping${note}` }, ...fieldRows(schema, options, path)];
  return [{ path, form: schema instanceof core.$ZodUnknown ? "not used" : `${describe(schema)}${note}` }];
}

/** The fields of an object; those of each alternative for a union of objects. */
function shapeOf(field: Schema): Record<string, Schema> {
  const { schema } = unwrap(field);
  if (schema instanceof core.$ZodObject) return schema._zod.def.shape;
  if (!(schema instanceof core.$ZodDiscriminatedUnion)) return {};
  const shape: Record<string, Schema> = {};
  for (const option of schema._zod.def.options) {
    for (const [name, inner] of Object.entries(shapeOf(option))) shape[name] ??= inner;
  }
  const { discriminator } = schema._zod.def;
  const values = schema._zod.def.options.flatMap((option) => literalsOf(shapeOf(option)[discriminator]));
  return { ...shape, [discriminator]: z.enum(values) };
}

function literalsOf(schema: Schema | undefined): string[] {
  return schema instanceof core.$ZodLiteral ? schema._zod.def.values.map(String) : [];
}

/** What stands within optional, default and transforming schemas, and what is to be said about it. */
function unwrap(field: Schema): { schema: Schema; note: string } {
  let schema = field;
  let note = "";
  for (;;) {
    if (schema instanceof core.$ZodOptional || schema instanceof core.$ZodNullable) schema = schema._zod.def.innerType;
    else if (schema instanceof core.$ZodDefault || schema instanceof core.$ZodPrefault) {
      const value: unknown = schema._zod.def.defaultValue;
      if (typeof value !== "object" && value !== "") note = ` (${JSON.stringify(value)})`;
      schema = schema._zod.def.innerType;
    } else if (schema instanceof core.$ZodPipe) {
      // A transformed enumeration says more than the text that it is read from.
      schema = schema._zod.def.out instanceof core.$ZodEnum ? schema._zod.def.out : schema._zod.def.in;
    } else return { schema, note };
  }
}

/** A schema in a few words. */
function describe(field: Schema): string {
  const { schema } = unwrap(field);
  if (schema instanceof core.$ZodString) return "text";
  if (schema instanceof core.$ZodNumberFormat) return "a whole number";
  if (schema instanceof core.$ZodNumber) return "a number";
  if (schema instanceof core.$ZodBoolean) return "true or false";
  if (schema instanceof core.$ZodLiteral) return oneOf(schema._zod.def.values);
  if (schema instanceof core.$ZodEnum) return oneOf(Object.values(schema._zod.def.entries));
  if (schema instanceof core.$ZodArray) return `a list of ${describe(schema._zod.def.element)}`;
  if (schema instanceof core.$ZodRecord) return `${describe(schema._zod.def.valueType)} by name`;
  if (schema instanceof core.$ZodObject)
    return `a mapping of ${Object.keys(schema._zod.def.shape).map(quote).join(", ")}`;
  if (schema instanceof core.$ZodUnion) return [...new Set(schema._zod.def.options.map(describe))].join(" or ");
  return "anything";
}

const quote = (value: unknown): string => `\`${String(value)}\``;
const oneOf = (values: readonly unknown[]): string => values.map(quote).join(" or ");

const without = <T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
