/** A field of a kind: its path, `[]` for the elements of a list and `*` for the values of a map, and its type. */
export interface CrdField {
  path: readonly string[];
  /** JSON's types that it may have; none where anything is taken. */
  types: readonly string[];
  /** The only values that it may have. */
  values: readonly unknown[];
}

/** A class of `@kubernetes-models`. Its `validate` throws what is wrong with the object that it is called on. */
export interface Model {
  prototype: { validate(): void };
}

interface Issue {
  instancePath: string;
  keyword: string;
  params: { type?: string | string[]; allowedValues?: unknown[] };
}

/**
 * Every field below `spec` that a kind's CustomResourceDefinition has. The models ship their schemas as compiled
 * functions, so they are asked: what a function reads of an object are the fields' names, and what it finds wrong
 * with a value of no type is the type.
 */
export function crdFields(model: Model, path: readonly string[] = ["spec"]): CrdField[] {
  const issues = issuesAt(model, path, Symbol("of no type"));
  const types = [...new Set(issues.flatMap(({ params }) => params.type ?? []))];
  const values = issues.flatMap(({ params }) => params.allowedValues ?? []);
  const below = types.includes("array") ? ["[]"] : types.includes("object") ? namesAt(model, path) : [];
  return [{ path, types, values }, ...below.flatMap((name) => crdFields(model, [...path, name]))];
}

/** `spec.routes[].match`, as it is written in docs and problems. */
export const printField = (path: readonly string[]): string => path.join(".").replaceAll(".[]", "[]");

function issuesAt(model: Model, path: readonly string[], value: unknown): Issue[] {
  const pointer = path.map((name) => `/${name === "[]" ? 0 : name}`).join("");
  return issuesOf(model, place(path, value)).filter(({ instancePath }) => instancePath === pointer);
}

function namesAt(model: Model, path: readonly string[]): string[] {
  const names = new Set<string>();
  const observed = new Proxy(
    {},
    {
      get(_, name) {
        if (typeof name === "string") names.add(name);
      },
      ownKeys() {
        names.add("*");
        return [];
      },
    },
  );
  issuesOf(model, place(path, observed));
  return [...names];
}

const place = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight((inner, name) => (name === "[]" ? [inner] : { [name]: inner }), value);

function issuesOf(model: Model, object: unknown): Issue[] {
  try {
    model.prototype.validate.call(object);
    return [];
  } catch (error) {
    if (error instanceof Error && "errors" in error) return error.errors as Issue[];
    throw error;
  }
}
