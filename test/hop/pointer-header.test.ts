import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePointer, encodePointer } from "../../src/hop/pointer-header.ts";

describe("a pointer in a header", () => {
  it("survives the round trip, whatever its publisher is called", () => {
    const pointer = fc.record({
      publisher: fc.string({ unit: "binary", minLength: 1 }),
      epoch: fc.nat(),
      generation: fc.nat(),
      root: fc.stringMatching(/^[\w-]+$/),
    });
    fc.assert(
      fc.property(pointer, (any) => {
        const sent = new Headers({ p: encodePointer(any) }).get("p") ?? "";
        expect(decodePointer(sent)).toEqual(any);
      }),
    );
  });

  it.each([
    "",
    "1.2.root",
    "1.2.root.",
    "-1.2.root.a",
    "1.x.root.a",
    "1.2..a",
    "1.2.root.%E0",
    "1.9999999999999999.r.a",
  ])("is not %j", (value) => {
    expect(decodePointer(value)).toBeUndefined();
  });
});
