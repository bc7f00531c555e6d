import type * as z from "zod/mini";
import { tableSchema } from "../../src/table/table.ts";

type Schema = z.core.$ZodType;

/**
 * The least and the most that each kind of entry of a table says: what it must, and all that it may. By part, by type
 * where a part has several, and by which of both it is: `services weighted least`.
 */
export function sampleEntries(): Record<string, unknown> {
  const entries: Record<string, unknown> = {};
  for (const [part, schema] of Object.entries(tableSchema.shape)) {
    const entry = "element" in schema.def ? schema.def.element : schema.def.valueType;
    for (const variant of variantsOf(entry)) {
      const least = sample(variant, false);
      const type = typeof least === "object" && least !== null && "type" in least ? ` ${least.type}` : "";
      entries[`${part}${type} least`] = least;
      entries[`${part}${type} most`] = sample(variant, true);
    }
  }
  return entries;
}

const defOf = (schema: Schema) => schema._zod.def as z.core.$ZodTypes["_zod"]["def"];

function variantsOf(schema: Schema): readonly Schema[] {
  const def = defOf(schema);
  return def.type === "union" ? def.options : [schema];
}

function sample(schema: Schema, isMost: boolean): unknown {
  const def = defOf(schema);
  switch (def.type) {
    case "object": {
      const fields = Object.entries(def.shape).map(([name, field]) => [name, sample(field, isMost)] as const);
      return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
    }
    case "optional":
      return isMost ? sample(def.innerType, isMost) : undefined;
    case "string":
      return "";
    case "number":
      return 0;
    case "boolean":
      return false;
    case "literal":
      return def.values[0];
    case "enum":
      return Object.values(def.entries)[0];
    // One of each, since what is in them has to say things as well.
    case "array":
      return [sample(def.element, isMost)];
    case "tuple":
      return def.items.map((item) => sample(item, isMost));
    case "record":
      return { a: sample(def.valueType, isMost) };
    // Trees: the last of their nodes is a leaf.
    case "lazy":
      return sample(variantsOf(def.getter()).at(-1) ?? schema, isMost);
    case "union":
      return sample(def.options[0] ?? schema, isMost);
    default:
      throw new Error(`there is no sample of a ${def.type}`);
  }
}
