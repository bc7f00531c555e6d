import { expect, test } from "vitest";
import { cookieValues, fnv64, stickyCookie } from "../../sync-agent/translate/sticky-cookie.ts";

test("64-bit FNV-1, by its published vectors", () => {
  expect(fnv64("")).toBe("cbf29ce484222325");
  expect(fnv64("a")).toBe("af63bd4c8601b7be");
  expect(fnv64("foobar")).toBe("340d8765a4dda9c2");
});

test("a child's values: the hash, the name, the older hashes", () => {
  const { cookieValue, legacyCookieValues } = cookieValues("default-myapp2-80");
  expect(cookieValue).toBe("063d8603bfb44904");
  expect(legacyCookieValues).toEqual([
    "default-myapp2-80",
    fnv64("default-myapp2-80"),
    fnv64(fnv64("default-myapp2-80")),
  ]);
});

test.each([
  ["no stickiness", undefined, undefined],
  ["no cookie", {}, undefined],
  ["a name that no cookie can have", { cookie: { name: "a=b;c" } }, { name: "a_b_c" }],
  ["no name", { cookie: {} }, { name: "_79edc" }],
  [
    "attributes",
    { cookie: { name: "n", path: "/x", domain: "d", secure: true } },
    { path: "/x", domain: "d", secure: true },
  ],
])("%s", (_, sticky, expected) => {
  const cookie = stickyCookie(sticky, "test/default-name");
  if (expected === undefined) expect(cookie).toBeUndefined();
  else expect(cookie).toMatchObject(expected);
});
