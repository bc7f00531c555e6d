import * as z from "zod";

/** What a schema asks for, in words that complete "must be ...". */
export function describeSchema(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return describeSchema(schema.unwrap());
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return describeSchema(schema.unwrap());
  if (schema instanceof z.ZodPipe) return describeSchema(schema.in);
  if (schema instanceof z.ZodString) return "a string";
  if (schema instanceof z.ZodNumber) return schema.format?.includes("int") ? "a whole number" : "a number";
  if (schema instanceof z.ZodBoolean) return "true or false";
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((value) => `\`${String(value)}\``).join(" or ");
  if (schema instanceof z.ZodEnum) return `one of ${schema.options.map((value) => `\`${value}\``).join(", ")}`;
  if (schema instanceof z.ZodArray) return "a list";
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return "a mapping";
  if (schema instanceof z.ZodUnion) return [...new Set(schema.options.map(describeSchema))].join(" or ");
  return "of another form";
}

/** A value in words, short however large it is. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value !== "string") return `the ${typeof value} ${String(value)}`;
  return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
}
