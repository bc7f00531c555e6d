import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { nearestName } from "../../src/rule/nearest-name.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { ignorable, type Report, readFields, readSpec, whole } from "../../sync-agent/translate/read-object.ts";

const port = z.union([z.int(), z.string()]);
const route = z.object({
  match: z.string(),
  priority: z.int().optional(),
  kind: z.enum(["Rule"]).default("Rule"),
  services: z.array(z.object({ name: z.string(), port: port.optional() })).default([]),
  guards: whole(z.array(z.string())).optional(),
  note: ignorable(z.string()),
  headers: z.record(z.string(), z.string()).optional(),
  filter: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("set"), set: z.string() }),
      z.object({ type: z.literal("drop") }),
    ])
    .optional(),
});
const spec = z.object({ entryPoints: z.array(z.string()).default([]), routes: z.array(route) });

const read = (value: unknown, misplaced?: Record<string, string>) => {
  const problems: Parameters<Report>[0][] = [];
  const result = readFields(spec, value, ["spec"], (problem) => problems.push(problem), misplaced);
  return { result, problems };
};

describe("what is read", () => {
  const cases: [string, unknown, unknown][] = [
    ["defaults", { routes: [] }, { entryPoints: [], routes: [] }],
    ["null is absent", { entryPoints: null, routes: [] }, { entryPoints: [], routes: [] }],
    [
      "nested values",
      { routes: [{ match: "m", services: [{ name: "a", port: "http" }], filter: { type: "set", set: "x" } }] },
      {
        entryPoints: [],
        routes: [
          { match: "m", kind: "Rule", services: [{ name: "a", port: "http" }], filter: { type: "set", set: "x" } },
        ],
      },
    ],
  ];
  test.each(cases)("%s", (_, value, expected) => {
    expect(read(value)).toEqual({ result: expected, problems: [] });
  });
});

describe("what is reported", () => {
  const cases: [string, unknown, { code: string; path: unknown[]; message?: RegExp; hint?: RegExp }, unknown][] = [
    [
      "a misspelt field",
      { entrypoints: ["web"], routes: [] },
      { code: "unknown-field", path: ["spec", "entrypoints"], hint: /Did you mean `entryPoints`/ },
      [],
    ],
    [
      "a bad element harms only itself",
      { routes: [{ match: "a" }, { match: 3 }] },
      { code: "invalid-field", path: ["spec", "routes", 1, "match"], message: /must be a string, not the number 3/ },
      [{ match: "a", kind: "Rule", services: [] }],
    ],
    [
      "a missing field",
      { routes: [{ priority: 3 }] },
      { code: "invalid-field", path: ["spec", "routes", 0, "match"], message: /is missing; it must be a string/ },
      [],
    ],
    [
      "a list of guards is whole or nothing",
      { routes: [{ match: "a", guards: ["x", {}] }] },
      { code: "invalid-field", path: ["spec", "routes", 0, "guards", 1] },
      [],
    ],
    [
      "an ignorable field",
      { routes: [{ match: "a", note: 1 }] },
      { code: "invalid-field", path: ["spec", "routes", 0, "note"] },
      [{ match: "a", kind: "Rule", services: [] }],
    ],
    [
      "an unknown tag",
      { routes: [{ match: "a", filter: { type: "sett" } }] },
      { code: "invalid-field", path: ["spec", "routes", 0, "filter", "type"], message: /`set` or `drop`/ },
      [],
    ],
    [
      "a value of several forms",
      { routes: [{ match: "a", services: [{ name: "x", port: [] }] }] },
      {
        code: "invalid-field",
        path: ["spec", "routes", 0, "services", 0, "port"],
        message: /whole number or a string/,
      },
      [{ match: "a", kind: "Rule", services: [] }],
    ],
    [
      "a mapping's value",
      { routes: [{ match: "a", headers: { A: true } }] },
      { code: "invalid-field", path: ["spec", "routes", 0, "headers", "A"] },
      [],
    ],
  ];
  test.each(cases)("%s", (_, value, expected, routes) => {
    const { result, problems } = read(value);
    expect(result?.routes).toEqual(routes);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: expected.code, path: expected.path });
    if (expected.message) expect(problems[0]?.message).toMatch(expected.message);
    if (expected.hint) expect(problems[0]?.hint).toMatch(expected.hint);
  });

  test("the whole value is of the wrong form", () => {
    expect(read("x")).toMatchObject({ result: undefined, problems: [{ code: "invalid-field", path: ["spec"] }] });
    expect(read(undefined)).toMatchObject({ result: undefined, problems: [{ code: "invalid-field", path: ["spec"] }] });
  });

  test("misplaced fields, also below fields that are unknown", () => {
    const { problems } = read(
      { routes: [], retry: 1, pool: { check: { path: "/" }, size: 1 } },
      { "spec.retry": "R", "spec.pool.check.path": "P" },
    );
    expect(problems.map(({ code, path, hint }) => [code, path.join("."), hint])).toEqual([
      ["misplaced-field", "spec.retry", "R"],
      ["misplaced-field", "spec.pool.check.path", "P"],
      ["unknown-field", "spec.pool.size", undefined],
    ]);
  });

  test("fields beside the spec", () => {
    const codes: string[] = [];
    const object = { apiVersion: "v1", kind: "X", metadata: { name: "x" }, sepc: {}, spec: { routes: [] } };
    readSpec(spec, object as KubernetesObject, ({ code, path }) => codes.push(`${code} ${path.join(".")}`));
    expect(codes).toEqual(["unknown-field sepc"]);
  });
});

test("nothing that YAML can hold makes it throw, or reach a prototype", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      read(a);
      read({ routes: [a, { match: "m", services: b }], entryPoints: b });
      read(JSON.parse('{"__proto__": {"x": 1}, "constructor": 1, "routes": []}'));
      expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
    }),
  );
});

test.each([
  ["entrypoints", "entryPoints"],
  ["entryPionts", "entryPoints"],
  ["middleware", "middlewares"],
  ["serversTransports", "serversTransport"],
  ["zzz", undefined],
])("the nearest name to %s is %s", (name, nearest) => {
  expect(nearestName(name, ["entryPoints", "middlewares", "serversTransport", "tls"])).toBe(nearest);
});
