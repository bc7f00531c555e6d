import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createUnseal } from "../../src/seal/create-unseal.ts";
import { decodeBase64 } from "../../src/seal/decode-base64.ts";
import { readSealKey, seal } from "../../sync-agent/translate/seal.ts";

// In base64 the second is full of the two characters that the alphabets differ in.
const keys = [1, 0xfb].map((byte) => new Uint8Array(32).fill(byte));
const [key = new Uint8Array(), other = new Uint8Array()] = keys;
const text = (bytes: Uint8Array, form: "base64" | "base64url" = "base64") => Buffer.from(bytes).toString(form);

describe("what the agent seals", () => {
  it("opens at the edge, whatever it says", async () => {
    const unseal = createUnseal(text(key));
    const anyText = fc.string({ unit: "grapheme" });
    await fc.assert(fc.asyncProperty(anyText, async (one) => (await unseal(seal(one, key))) === one));
  });

  it("is the same each time, and tells nothing of the text", () => {
    expect(seal("marker", key)).toBe(seal("marker", key));
    expect(seal("marker", key)).not.toBe(seal("marker", other));
    expect(Buffer.from(seal("marker", key).slice(9), "base64url").includes("marker")).toBe(false);
  });

  it("is what it was in the releases before: it lies in KV while programs are replaced", async () => {
    const before = "cs1uhCLE.OTGhgrHcTJj9AGJxdYm2IQ27MMEmElol7Z8SMREDkOg134NiqBXtMw";
    expect(seal('["u:{SHA}x"]', key)).toBe(before);
    expect(await createUnseal(text(key))(before)).toBe('["u:{SHA}x"]');
  });

  it("opens with the old key or the new while both are there", async () => {
    const unseal = createUnseal(`${text(other)}, ${text(key, "base64url")}`);
    expect(await Promise.all([unseal(seal("a", key)), unseal(seal("b", other))])).toEqual(["a", "b"]);
  });
});

describe("what does not open", () => {
  const sealed = seal("secret", key);
  const flipped = sealed.replace(/.$/, (last) => (last === "A" ? "Q" : "A"));
  it.each([
    ["with another key", text(other), sealed],
    ["without a key", undefined, sealed],
    ["with a key of another length", "c2hvcnQ=", sealed],
    ["changed", text(key), flipped],
    ["cut", text(key), sealed.slice(0, 12)],
    ["empty", text(key), ""],
  ])("%s", async (_, keyText, given) => {
    await expect(createUnseal(keyText)(given)).rejects.toThrow();
  });
});

it.each([
  [text(key), true],
  [`${text(key)}\n`, true],
  [text(key, "base64url"), true],
  ["", false],
  [text(key.subarray(1)), false],
  [text(Uint8Array.of(...key, 1)), false],
])("the key %s: %s", (given, isKey) => {
  expect(readSealKey(given) !== undefined).toBe(isKey);
});

it.each(["+/+/", "-_-_", "+/-_\n", "+w==", "+w"])("%j is base64", (given) => {
  expect(decodeBase64(given)).toEqual(new Uint8Array(Buffer.from(given, "base64")));
});
