import { describe, expect, it } from "vitest";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { run } from "./run-middleware.ts";

type Options = MiddlewareOptions<"encodedCharacters">;

const statusOf = async (path: string, allowed: Partial<Options> = {}): Promise<number> =>
  (await run({ type: "encodedCharacters", ...allowed }, { url: `http://a.com${path}` })).response.status;

const escapes: [keyof Options, string][] = [
  ["allowEncodedSlash", "%2F"],
  ["allowEncodedBackSlash", "%5C"],
  ["allowEncodedNullCharacter", "%00"],
  ["allowEncodedSemicolon", "%3B"],
  ["allowEncodedPercent", "%25"],
  ["allowEncodedQuestionMark", "%3F"],
  ["allowEncodedHash", "%23"],
];

describe.each(escapes)("%s: %s", (name, written) => {
  it("is refused unless it is allowed, in either case", async () => {
    for (const either of [written, written.toLowerCase()]) {
      expect(await statusOf(`/a${either}b`)).toBe(400);
      expect(await statusOf(`/a${either}b`, { [name]: true })).toBe(200);
      expect(await statusOf(`/a${either}b`, { [name]: false })).toBe(400);
    }
  });

  it("lets no other through", async () => {
    for (const [, other] of escapes)
      if (other !== written) expect(await statusOf(`/${other}`, { [name]: true })).toBe(400);
  });
});

it.each(["/", "/a%20b", "/a;b", "/?a=%2F%00", "/%E2%82%AC"])("%s passes", async (path) => {
  expect(await statusOf(path)).toBe(200);
});

it("everything passes when all is allowed", async () => {
  const all = Object.fromEntries(escapes.map(([name]) => [name, true]));
  expect(await statusOf(`/${escapes.map(([, written]) => written).join("")}`, all)).toBe(200);
});
