import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseBucketCount } from "../../src/snapshot/bucket-count.ts";
import { BucketFill } from "../../src/snapshot/bucket-fill.ts";
import { canonicalJson, utf8Length } from "../../src/snapshot/canonical-json.ts";
import { fnv1a32 } from "../../src/snapshot/fnv1a32.ts";
import { LeafMemory } from "../../src/snapshot/leaf-memory.ts";
import { findRange } from "../../src/snapshot/split-host.ts";

describe("canonicalJson", () => {
  it("says the same as JSON, in one order", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it("leaves out what is undefined, at any depth", () => {
    expect(canonicalJson({ b: undefined, a: [{ d: 1, c: undefined }] })).toBe('{"a":[{"d":1}]}');
  });
});

it("utf8Length counts bytes as an encoder does", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
    }),
  );
});

describe("fnv1a32", () => {
  // The reference values of http://www.isthe.com/chongo/tech/comp/fnv/ (fnv_test_str).
  it.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ])("%j", (text, hash) => {
    expect(fnv1a32(text)).toBe(hash);
  });

  it("continues an earlier hash", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
        expect(fnv1a32(`--${b}`, 2, fnv1a32(a))).toBe(fnv1a32(a + b));
      }),
    );
  });
});

describe("chooseBucketCount", () => {
  const aim = { leafBytes: 1_000, minimum: 4, rootBytes: 10_000 };
  const items = (bytes: number) => Array.from({ length: 100 }, (_, hash) => ({ hash, bytes: bytes / 100 }));

  it.each<[string, number, number | undefined, number]>([
    ["the fewest for little", 10, undefined, 4],
    ["as many as the aim asks for", 30_000, undefined, 32],
    ["half of what fits, as it was", 60_000, 32, 32],
    ["twice of what fits, as it was", 30_000, 64, 64],
    ["more when it was off by four", 120_000, 32, 128],
    ["fewer when it was off by four", 7_000, 32, 8],
    ["fewer than the aim asks for when the root would be too large", 2_000_000, undefined, 512],
  ])("%s", (_, bytes, current, expected) => {
    expect(chooseBucketCount(new BucketFill(() => items(bytes)), aim, current)).toBe(expected);
  });
});

it("findRange finds the last range that begins at or before a path", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, unit: "binary" })),
      fc.string({ unit: "binary" }),
      (starts, path) => {
        const from = ["", ...starts.sort((a, b) => (a < b ? -1 : 1))];
        expect(findRange(from, path)).toBe(from.findLastIndex((start) => start <= path));
      },
    ),
  );
});

describe("LeafMemory", () => {
  const leaf = (bytes: number) => ({ kind: "routes" as const, routes: undefined, bytes });

  it("lets go what was least recently used", () => {
    const memory = new LeafMemory<undefined>(300);
    for (const hash of ["a", "b", "c"]) memory.add(hash, leaf(100));
    memory.get("a");
    memory.add("d", leaf(50));
    expect([..."abcd"].filter((hash) => memory.get(hash) !== undefined)).toEqual(["a", "c", "d"]);
    expect(memory.bytes).toBe(250);
  });

  it("holds one leaf that is larger than its budget", () => {
    const memory = new LeafMemory<undefined>(10);
    memory.add("a", leaf(100));
    expect(memory.get("a")).toBeDefined();
    memory.add("b", leaf(100));
    expect([memory.size, memory.bytes]).toEqual([1, 100]);
  });
});
