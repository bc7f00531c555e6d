import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments, parseDocument, stringify } from "yaml";
import { readPlainYaml } from "../../sync-agent/source/read-plain-yaml.ts";
import { fromYaml, type SourceNode, toValue } from "../../sync-agent/source/source-node.ts";
import { splitDocuments } from "../../sync-agent/source/split-documents.ts";

const options = { merge: true, logLevel: "silent" } as const;
const readWhole = (text: string) => readPlainYaml(text, 0, text.length);

/** Where everything begins, and where scalars end. */
function placesOf(node: SourceNode | undefined): unknown {
  if (node === undefined) return undefined;
  const { kind, start } = node;
  if (node.kind === "scalar") return { start, end: node.end, plain: node.plain, value: node.value };
  if (node.kind === "seq") return { kind, start, items: node.items.map(placesOf) };
  return { kind, start, entries: node.entries.map(({ key, value }) => [key, placesOf(value)]) };
}

/** Reads a text both ways; whatever the plain reader makes of it must be what the whole parser makes of it. */
function expectSame(text: string): boolean {
  const node = readWhole(text);
  if (node === undefined) return false;
  const document = parseDocument(text, options);
  expect(document.errors, text).toEqual([]);
  expect(toValue(node), text).toEqual(document.toJS());
  expect(placesOf(node), text).toEqual(
    document.contents === null ? undefined : placesOf(fromYaml(document.contents, 0)),
  );
  return true;
}

const usual = [
  "a: 1\n",
  "a: b",
  "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata:\n  name: x\n",
  "a:\n- b\n- c: 1\n  d: 2\n",
  "a:\n  - b: 1\n    c:\n      - d\n  -   e: 2\n      f: 3\n",
  "- a\n-\n  b: c\n",
  "match: Host(`a.com`) && (PathPrefix(`/a`) || Query(`k`, `v`))   # why not\n",
  "# first\na: \"b: #c\" # second\n\n  # third\nb: 'x'\n",
  "spec: { selector: { app: a }, ports: [{ name: http, port: 80 }], none: [], nothing: {} }\n",
  'a: [ x,y , "z, z" ]\n',
  "url: http://a.com:80/?q=a:b#c\n",
  "a: -5\nb: 0\nc: true\nd: False-hood\ne: 10.0.0.1\nf: 100ms\ng: 2024-01-01\nh: v1.2\n",
  "traefik.ingress.kubernetes.io/router.entrypoints: web\n",
];

describe("what most manifests are made of", () => {
  it.each(usual)("%j", (text) => expect(expectSame(text)).toBe(true));
});

describe("what is left to a whole parser", () => {
  it.each([
    "",
    "# nothing\n",
    "a:\n",
    "a: |\n  b\n",
    "a: b\n  c\n",
    "a: &x b\n",
    "a: *x\n",
    "<<: *x\n",
    "a: !!str 1\n",
    'a: "b\\n"\n',
    "a: 'it''s'\n",
    "a: 'b\n  c'\n",
    "a: [b,\n  c]\n",
    "a: [b, c,]\n",
    "a: {b: c\n",
    "a: 1.5\n",
    "a: 0x1f\n",
    "a: 1e3\n",
    "a: 012\n",
    "a: 12345678901234567890\n",
    "a: null\n",
    "a: ~\n",
    "a: .inf\n",
    "a: b: c\n",
    "a: b:\n",
    "a: 1\na: 2\n",
    "a: 1\n b: 2\n",
    "  a: 1\n b: 2\n",
    "a:\n    b: 1\n  c: 2\n",
    "- - a\n",
    "? a\n: b\n",
    "1: a\n",
    "true: a\n",
    "__proto__: a\n",
    "a\n",
    "a: @b\n",
    "a: - b\n",
    "a: b\n- c\n",
    `${"a: { ".repeat(100)}b: c${" }".repeat(100)}\n`,
  ])("%j", (text) => expect(readWhole(text)).toBeUndefined());
});

const pieces = [
  ...["a", "b:", "c: 1", "d: x", "e: 'x'", 'f: "y"', "g: [a, b]", "h: {i: j}", "k: { l: 1, m: [n] }", "- a", "- b: c"],
  ...[
    "-",
    "- - x",
    "#c",
    " # c",
    "o: p #q",
    "r: s#t",
    "u: v: w",
    "x:y",
    "a: ",
    "? a",
    "*a",
    "&a b",
    "|",
    "a: |",
    "a: >-",
  ],
  ...["a: -1", "a: - 1", "a: .5", "a: 0o7", "a: [,]", "a: {b}", "a: 'b", 'a: "b\\t"', "a: b'c", "a: [b]c", "a: {b: }"],
  ...[
    "a: [a b]",
    "a: [a: b]",
    "n: null",
    "t: TRUE",
    "y: yes",
    "z: 1_000",
    "%a",
    "!a b",
    "a: `b`",
    "a: ,",
    "a: x, y",
    "a : b",
  ],
];
const line = fc.tuple(
  fc.constantFrom("", "  ", "    ", " ", "- "),
  fc.constantFrom(...pieces),
  fc.constantFrom("", " ", "  # z"),
);
const anyText = fc.oneof(
  fc.array(line, { maxLength: 8 }).map((lines) => lines.map((parts) => parts.join("")).join("\n")),
  fc.string({ unit: fc.constantFrom(..."ab1-:#'\"{}[], \n.~&*!|>%@?"), maxLength: 20 }),
);
/** Texts that are nearly right. */
const edited = fc
  .tuple(
    fc.constantFrom(...usual),
    fc.array(
      fc.record({
        at: fc.nat(),
        cut: fc.nat(2),
        put: fc.constantFrom(
          "",
          " ",
          "  ",
          "\n",
          "\n  ",
          ...":-#'\"{}[],&*!|>%@`?~.0e",
          ": ",
          "- ",
          " #",
          "null",
          "1.5",
        ),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((now, { at, cut, put }) => {
      const place = at % (now.length + 1);
      return now.slice(0, place) + put + now.slice(place + cut);
    }, text),
  );
const key = fc.stringMatching(/^[a-z][a-zA-Z./-]{0,8}$/);
const manifest = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom("Host(`a.com`)", "a b", "10.0.0.1", "80", "x: y"),
    ),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie("value"), { maxLength: 4 }),
  ),
})).value;

describe("laws", () => {
  it("reads nothing otherwise than a whole parser", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, edited), (text) => void expectSame(text)),
      { numRuns: 20_000 },
    );
  });

  it("reads what a writer of YAML writes as it was meant", () => {
    const style = fc.record({
      indentSeq: fc.boolean(),
      collectionStyle: fc.constantFrom("any" as const, "flow" as const),
    });
    fc.assert(
      fc.property(fc.dictionary(key, manifest, { noNullPrototype: true }), style, (value, how) => {
        const text = stringify(value, { lineWidth: 0, ...how });
        if (expectSame(text)) expect(toValue(readWhole(text) as SourceNode)).toEqual(value);
      }),
    );
  });

  it("finds the documents that a whole parser finds", () => {
    const marker = fc.constantFrom(
      "---",
      "--- ",
      "---a",
      "--- a",
      "...",
      "----",
      " ---",
      "a: 1",
      "'",
      "b: |",
      "  c",
      "[",
    );
    fc.assert(
      fc.property(fc.array(marker, { maxLength: 8 }), (lines) => {
        const text = lines.join("\n");
        const read = (part: string): unknown[] => {
          const documents = parseAllDocuments(part, options);
          return ("empty" in documents ? [] : documents)
            .map((document) => (document.errors.length > 0 ? "error" : document.toJS()))
            .filter((value) => value !== null);
        };
        const slices = splitDocuments(text);
        if (slices === undefined) return;
        const [apart, whole] = [slices.flatMap(({ from, to }) => read(text.slice(from, to))), read(text)];
        // An error may swallow what stands behind it, which apart is a document by itself.
        if (whole.includes("error")) expect(apart).toContain("error");
        else expect(apart).toEqual(whole);
      }),
      { numRuns: 1000 },
    );
  });
});
