import fc from "fast-check";

/** Keys that mean something to objects, and to those who write them carelessly. */
const KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "",
  "a",
  "name",
  "-",
  "a/b",
  "a\0b",
];

export const hostileString: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...KEYS),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."`\"'\\(){}[]!&|,.*+?^$/%#:;@~-_ \t\n\0aA0éß\u{1f600}\ud800") }),
  fc.constantFrom(65, 5_000, 100_000).map((length) => "a".repeat(length)),
  fc.constantFrom("../", "(", "[", "%", "a.", "*.", "`").map((unit) => unit.repeat(300)),
);

const deep = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = "bottom";
  for (let i = 0; i < depth; i++) value = wrap(value);
  return value;
};

/** As `JSON.parse` makes it: a property of its own, whatever its name. */
function withOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

const hostileRecord = fc
  .array(fc.tuple(fc.constantFrom(...KEYS), fc.jsonValue({ maxDepth: 1 })), { maxLength: 4 })
  .map((entries) => {
    const record = {};
    for (const [key, value] of entries) withOwn(record, key, value);
    return record;
  });

/** Anything that JSON can say. */
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileString,
  hostileRecord,
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    0.5,
    1e21,
    -0,
    Number.MAX_SAFE_INTEGER + 1,
    [],
    {},
    [null],
    [[]],
    [{}],
  ),
  fc.integer(),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    deep(400, (inner) => [inner]),
    deep(400, (inner) => ({ a: inner })),
    deep(400, (inner) => ({ rules: [inner], type: "and", middlewares: [inner], services: [inner] })),
  ),
);

type Path = readonly (string | number)[];

/** Every place in a value, the value itself left out; not those deep in what is nested without reason. */
export function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null || path.length > 20) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const place = [...path, Array.isArray(value) ? Number(key) : key];
    return [place, ...placesIn(child, place)];
  });
}

/** What happens to one place of a value. */
export type Mutation = (value: unknown, place: Path) => void;

const parentOf = (value: unknown, place: Path): { parent: object; key: string | number } | undefined => {
  let parent = value;
  for (const key of place.slice(0, -1)) parent = (parent as Record<string | number, unknown>)[key];
  const key = place.at(-1);
  return typeof parent === "object" && parent !== null && key !== undefined ? { parent, key } : undefined;
};

const change =
  (edit: (parent: Record<string | number, unknown>, key: string | number, root: unknown) => void): Mutation =>
  (value, place) => {
    const found = parentOf(value, place);
    if (found !== undefined) edit(found.parent as Record<string | number, unknown>, found.key, value);
  };

/** @param strings that mean something elsewhere: names of other objects, so that references go in circles */
export const mutationOf = (strings: readonly string[]): fc.Arbitrary<Mutation> =>
  fc.oneof(
    hostileValue.map((replacement) => change((parent, key) => withOwn(parent, String(key), replacement))),
    fc.constantFrom(...strings).map((text) => change((parent, key) => withOwn(parent, String(key), text))),
    fc.constant(
      change((parent, key) => {
        if (Array.isArray(parent)) parent.splice(Number(key), 1);
        else delete parent[key];
      }),
    ),
    fc.constant(
      change((parent, key) => {
        if (Array.isArray(parent)) parent.push(...parent);
        else parent[key] = [parent[key], parent[key]];
      }),
    ),
    fc.constantFrom(...KEYS).map((name) =>
      change((parent, key) => {
        if (!Array.isArray(parent)) withOwn(parent, name, parent[key]);
      }),
    ),
    fc.constant(change((parent, key, root) => withOwn(parent, String(key), structuredClone(root)))),
  );
