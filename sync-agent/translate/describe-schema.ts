import * as z from "zod";

/** What a schema asks for, in words that complete "must be ...". */
export function describeSchema(schema: z.core.$ZodType): string {
  const core = z.core;
  const wrapped =
    schema instanceof core.$ZodOptional ||
    schema instanceof core.$ZodNullable ||
    schema instanceof core.$ZodDefault ||
    schema instanceof core.$ZodPrefault;
  if (wrapped) return describeSchema(schema._zod.def.innerType);
  if (schema instanceof core.$ZodPipe) return describeSchema(schema._zod.def.in);
  if (schema instanceof core.$ZodString) return "a string";
  if (schema instanceof core.$ZodNumberFormat) return "a whole number";
  if (schema instanceof core.$ZodNumber) return "a number";
  if (schema instanceof core.$ZodBoolean) return "true or false";
  if (schema instanceof core.$ZodLiteral || schema instanceof core.$ZodEnum) {
    return oneOf([...schema._zod.values].map((value) => `\`${String(value)}\``));
  }
  if (schema instanceof core.$ZodArray) return "a list";
  if (schema instanceof core.$ZodObject || schema instanceof core.$ZodRecord) return "a mapping";
  if (schema instanceof core.$ZodUnion) return oneOf([...new Set(schema._zod.def.options.map(describeSchema))]);
  return "of another form";
}

const oneOf = (words: string[]): string =>
  words.length < 3 ? words.join(" or ") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

/** A value in words, short however large it is. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value !== "string") return `the ${typeof value} ${String(value)}`;
  return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
}
