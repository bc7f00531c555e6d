import fc from "fast-check";
import { expect, test } from "vitest";
import { splitLines } from "../../../sync-agent/source/cluster/split-lines.ts";

const line = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text.trim() !== "" && !/[\n]/.test(text));

test("gives the lines of a text, however its bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(line),
      line,
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (lines, rest, sizes) => {
        const bytes = Buffer.from([...lines, rest].join("\n"));
        const splitter = splitLines(10_000);
        const got: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          const chunk = Uint8Array.from(bytes.subarray(at, at + size));
          got.push(...splitter.push(chunk));
          chunk.fill(0);
          at += size;
        }
        expect(got).toEqual(lines);
        expect(splitter.rest()).toBe(rest);
      },
    ),
  );
});

test("leaves out empty lines", () => {
  expect(splitLines(10).push(Buffer.from("\n\na\n \r\nb\n"))).toEqual(["a", "b"]);
});

test.each([
  ["in one piece", [12]],
  ["in pieces", [4, 4, 4]],
  ["with its end", [11, 1]],
])("refuses a line that is too long %s", (_, sizes) => {
  const splitter = splitLines(10);
  expect(() => {
    for (const size of sizes) splitter.push(Buffer.from(size === 1 ? "\n" : "x".repeat(size)));
  }).toThrow(RangeError);
});
