import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { parseManifests } from "../../sync-agent/source/parse-manifests.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { fuzzRuns } from "./fuzz-runs.ts";
import { hostileString } from "./hostile-values.ts";
import { soundTexts } from "./sound-manifests.ts";

const text = fc.constantFrom(...soundTexts);
const yamlPiece = fc.constantFrom(
  "&a ",
  "*a",
  "<<: ",
  "? ",
  "- ",
  ": ",
  "|\n",
  ">-\n",
  "!!binary ",
  "!!js/function ",
  "---\n",
  "...\n",
  "%YAML 1.2\n",
  "{",
  "}",
  "[",
  "]",
  '"',
  "'",
  "#",
  "\t",
  "\r",
  "\0",
  "\ufeff",
  "\u2028",
  "__proto__: {a: 1}\n",
);
const edited = fc
  .tuple(
    text,
    fc.array(fc.tuple(fc.nat(), fc.nat(20), fc.oneof(yamlPiece, hostileString)), { minLength: 1, maxLength: 4 }),
  )
  .map(([whole, edits]) =>
    edits.reduce((current, [at, length, put]) => {
      const from = at % (current.length + 1);
      return current.slice(0, from) + put + current.slice(from + length);
    }, whole),
  );
const truncated = fc.tuple(text, fc.nat()).map(([whole, at]) => whole.slice(0, at % (whole.length + 1)));
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => new TextDecoder().decode(array));

describe("a text", () => {
  it("is read without an exception, its objects named and its problems placed", () => {
    fc.assert(
      fc.property(fc.oneof(edited, truncated, bytes, hostileString), (source) => {
        const { objects, problems, broken } = parseManifests("a.yaml", source);
        const lines = source.split("\n").length;
        for (const { location, message, hint = "" } of problems) {
          expect(message.length + hint.length).toBeLessThan(2_000);
          expect(location.line).toBeGreaterThanOrEqual(1);
          expect(location.line).toBeLessThanOrEqual(lines);
        }
        if (broken) expect(problems.map(({ code }) => code)).toContain("yaml-syntax");
        for (const { object } of objects) expect(object.metadata.name).toMatch(/^[A-Za-z0-9][-A-Za-z0-9_.]*$/);
        expect(({} as { a?: unknown }).a).toBeUndefined();
        const translation = createTranslator(defaultSettings()).translate(
          createObjectStore(objects.map(({ object }) => object)),
        );
        expect(translation.problems.map(({ code }) => code)).not.toContain("internal-error");
      }),
      fuzzRuns(600),
    );
  });

  const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
  const object = (spec: string) =>
    `apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: { name: a }\nspec: ${spec}\n`;
  it.each([
    ["deep flow lists", object(nested(20_000, "[", "]"))],
    ["deep flow maps", object(nested(20_000, "{a: ", "}"))],
    ["deep block maps", object(`\n${Array.from({ length: 3_000 }, (_, i) => `${" ".repeat(i + 1)}a:\n`).join("")}`)],
    ["deep block lists", object(`\n  ${"- ".repeat(10_000)}a`)],
    ["open lists", "[".repeat(100_000)],
    [
      "aliases of aliases",
      object(
        `\n${["a", "b", "c", "d", "e", "f", "g", "h", "i"]
          .map(
            (name, i) =>
              `  ${name}: &${name} [${Array(9)
                .fill(i === 0 ? "x" : `*${String.fromCharCode(96 + i)}`)
                .join(", ")}]`,
          )
          .join("\n")}`,
      ),
    ],
    ["an alias to itself", object("&a { routes: *a }")],
    ["an alias to nothing", object("*nobody")],
    ["a merge of itself", object("&a { <<: *a, routes: [] }")],
    ["many documents", "---\n".repeat(20_000)],
    ["a line of a megabyte", object(`"${"a".repeat(1 << 20)}"`)],
    ["many anchors", object(`[${Array.from({ length: 5_000 }, (_, i) => `&a${i} 1`).join(", ")}]`)],
    ["a list that holds lists", nested(2_000, "{apiVersion: v1, kind: List, items: [", "]}")],
  ])("of %s is answered for", (_, source) => {
    const { objects } = parseManifests("a.yaml", source);
    const { problems } = createTranslator(defaultSettings()).translate(
      createObjectStore(objects.map((one) => one.object)),
    );
    expect(problems.map(({ code }) => code)).not.toContain("internal-error");
  });
});
