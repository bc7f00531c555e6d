import { describe, expect, it } from "vitest";
import { MiddlewareError } from "../../src/middleware/middleware-error.ts";
import type { Middleware, MiddlewareOptions } from "../../src/table/middleware.ts";
import { build, run } from "./run-middleware.ts";

const modifier = (
  on: "request" | "response",
  edits: Pick<MiddlewareOptions<"headerModifier">, "set" | "add" | "remove">,
): Middleware => ({ type: "headerModifier", on, ...edits });

const edits = {
  set: [{ name: "X-Set", value: "new" }],
  add: [
    { name: "X-Add", value: "2" },
    { name: "X-Fresh", value: "" },
  ],
  remove: ["x-REMOVE", "X-Absent"],
};
const before = { "x-set": "old", "x-add": "1", "x-remove": "gone", "x-kept": "kept" };
const after = { "x-set": "new", "x-add": "1, 2", "x-fresh": "", "x-kept": "kept" };

it("edits the request and leaves the answer", async () => {
  const answer = new Response("origin");
  const { origin, response } = await run(modifier("request", edits), { headers: before }, () => answer);
  expect(origin?.headers).toEqual(after);
  expect(response).toBe(answer);
});

it("edits the answer and leaves the request", async () => {
  const { origin, response } = await run(modifier("response", edits), { headers: before }, () => {
    return new Response(null, { status: 204, headers: before });
  });
  expect(origin?.headers).toEqual(before);
  expect([response.status, Object.fromEntries(response.headers)]).toEqual([204, after]);
});

it("sets, then adds, then removes", async () => {
  const all = { set: [{ name: "X", value: "1" }], add: [{ name: "x", value: "2" }] };
  expect((await run(modifier("request", all), {})).origin?.headers).toEqual({ x: "1, 2" });
  expect((await run(modifier("request", { ...all, remove: ["X"] }), {})).origin?.headers).toEqual({});
});

it.each(["set", "add"] as const)("takes Host for the name that the origin is asked by (%s)", async (kind) => {
  const { origin } = await run(modifier("request", { [kind]: [{ name: "host", value: "b.com:81" }] }), {});
  expect(origin).toMatchObject({ host: "b.com:81", headers: {} });
});

it("adds to X-Forwarded-* only what the client may send", async () => {
  const adds = modifier("request", { add: [{ name: "X-Forwarded-Tls", value: "ours" }] });
  const headers = { "X-Forwarded-Tls": "theirs" };
  expect((await run(adds, { headers })).origin?.headers).toEqual({ "x-forwarded-tls": "ours" });
  expect((await run(adds, { headers, trusted: true })).origin?.headers).toEqual({ "x-forwarded-tls": "theirs, ours" });
});

it("adds a Set-Cookie beside the others", async () => {
  const adds = modifier("response", { add: [{ name: "Set-Cookie", value: "c=3" }] });
  const { response } = await run(adds, {}, () => {
    return new Response(null, {
      headers: [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
      ],
    });
  });
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2", "c=3"]);
});

describe("options that cannot work are refused", () => {
  it.each([
    modifier("request", { set: [{ name: "X", value: "a\r\nY: b" }] }),
    modifier("request", { add: [{ name: "X", value: "a\nb" }] }),
    modifier("response", { add: [{ name: "X", value: "\r" }] }),
    modifier("response", { set: [{ name: "X", value: "a\0" }] }),
    modifier("response", { set: [{ name: "X Y", value: "" }] }),
    modifier("response", { set: [{ name: "", value: "" }] }),
    modifier("request", { set: [{ name: "X:", value: "" }] }),
    modifier("request", { remove: ["X\r\n"] }),
    modifier("request", { set: [{ name: "Host", value: "a.com/b" }] }),
  ])("%j", (options) => {
    expect(() => build(options)).toThrow(MiddlewareError);
  });
});
