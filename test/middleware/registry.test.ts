import { describe, expect, it } from "vitest";
import type { Wrap } from "../../src/middleware/middleware.ts";
import { MiddlewareError } from "../../src/middleware/middleware-error.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import { wrapAll } from "../../src/middleware/wrap-all.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import { exchangeOf } from "./run-middleware.ts";

const lookUpIn = (middlewares: Record<string, Middleware>) =>
  buildMiddlewares(middlewares, () => () => Promise.reject(new Error("no service")));

const prefix = (text: string): Middleware => ({ type: "addPrefix", prefix: text });
const chain = (...middlewares: string[]): Middleware => ({ type: "chain", middlewares });

async function pathThrough(wrap: Wrap): Promise<string> {
  const response = await wrap(async ({ path }) => new Response(path))(exchangeOf({ url: "http://a.com/" }));
  return response.text();
}

function errorOf(act: () => unknown): MiddlewareError {
  try {
    act();
  } catch (error) {
    if (error instanceof MiddlewareError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("buildMiddlewares", () => {
  const table = { a: prefix("/a"), b: prefix("/b"), ab: chain("a", "b"), abab: chain("ab", "ab"), none: chain() };

  it("builds each once, when it is first asked for", () => {
    const lookUp = lookUpIn({ ...table, broken: prefix("") });
    expect(lookUp("a")).toBe(lookUp("a"));
  });

  it.each([
    [["a", "b"], "/b/a/"],
    [["ab"], "/b/a/"],
    [["abab", "none"], "/b/a/b/a/"],
    [[], "/"],
  ])("%j: the first meets the request first", async (names, path) => {
    expect(await pathThrough(wrapAll(names, lookUpIn(table)))).toBe(path);
  });

  it("takes a middleware twice in one chain for no cycle", async () => {
    expect(await pathThrough(lookUpIn({ a: prefix("/a"), aa: chain("a", "a") })("aa"))).toBe("/a/a/");
  });

  it.each([
    ["missing", {}, "unknown-middleware"],
    ["toString", {}, "unknown-middleware"],
    ["c", { c: chain("missing") }, "unknown-middleware"],
    ["c", { c: chain("c") }, "middleware-cycle"],
    ["c", { c: chain("d"), d: chain("a", "c"), a: prefix("/a") }, "middleware-cycle"],
    ["p", { p: prefix("") }, "middleware-invalid"],
    ["new", { new: { type: "fromANewerAgent" } as unknown as Middleware }, "middleware-invalid"],
    ["odd", { odd: { type: "stripPrefix" } as unknown as Middleware }, "middleware-invalid"],
  ] as const)("refuses %s of %j: %s", (name, middlewares, code) => {
    expect(errorOf(() => lookUpIn(middlewares)(name)).code).toBe(code);
  });

  it("names the innermost middleware that is wrong, and keeps the cause", () => {
    const error = errorOf(() => lookUpIn({ outer: chain("inner"), inner: prefix("") })("outer"));
    expect([error.middleware, error.message]).toEqual([
      "inner",
      "The middleware inner cannot be built: The prefix is empty",
    ]);
    expect(error.cause).toBeInstanceOf(MiddlewareError);
  });

  it("can be asked again after an error", () => {
    const lookUp = lookUpIn({ c: chain("d"), d: chain("c") });
    expect(errorOf(() => lookUp("c")).code).toBe("middleware-cycle");
    expect(errorOf(() => lookUp("c")).code).toBe("middleware-cycle");
  });

  it("refuses chains that double with each level, before they fill the memory", () => {
    const bomb: Record<string, Middleware> = { c0: prefix("/a") };
    for (let level = 1; level <= 40; level += 1) bomb[`c${level}`] = chain(`c${level - 1}`, `c${level - 1}`);
    expect(errorOf(() => lookUpIn(bomb)("c40")).code).toBe("middleware-invalid");
  });

  it("refuses a chain too deep for the stack", () => {
    const deep: Record<string, Middleware> = { c0: prefix("/a") };
    for (let level = 1; level <= 100_000; level += 1) deep[`c${level}`] = chain(`c${level - 1}`);
    expect(errorOf(() => lookUpIn(deep)("c100000")).code).toBe("middleware-invalid");
  });
});
