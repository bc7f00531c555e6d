import { describe, expect, test } from "vitest";
import type { Middleware } from "../../../src/table/middleware.ts";
import { linesOf, translateText } from "../translate-text.ts";
import { app, gateway, route, toApp } from "./gateway-text.ts";

const translate = (...rules: string[]) => translateText(gateway() + route(rules) + app);

/** The middlewares of the only router, in their order. */
function middlewaresOf(rule: string, lines: readonly string[] = []): (Middleware | undefined)[] {
  const result = translate(rule);
  expect(linesOf(result)).toEqual(lines);
  const { table } = result;
  return (table.routers[0]?.middlewares ?? []).map((name) => table.middlewares[name]);
}
const timeoutOf = (requestMs: number, backendRequestMs: number): Middleware => ({
  type: "timeout",
  requestMs,
  backendRequestMs,
});
const warning = (path: string, code = "invalid-field", severity = "warning"): string =>
  `${severity} ${code} HTTPRoute/app spec.rules.0.${path}`;
const error = (path: string): string => warning(path, "invalid-field", "error");

describe("timeouts", () => {
  test.each([
    ["{ request: 10s }", timeoutOf(10_000, 0)],
    ["{ request: 10s, backendRequest: 2s }", timeoutOf(10_000, 2_000)],
    ["{ backendRequest: 1m500ms }", timeoutOf(0, 60_500)],
    ["{ request: 0s, backendRequest: 2s }", timeoutOf(0, 2_000)],
    ["{ request: 1h0m1s, backendRequest: 0s }", timeoutOf(3_601_000, 0)],
    ["{ request: 99999h }", timeoutOf(2 ** 31 - 1, 0)],
  ])("%s", (timeouts, expected) => {
    expect(middlewaresOf(`{ timeouts: ${timeouts}, ${toApp} }`)).toEqual([expected]);
  });

  test.each(["{}", "{ request: 0s }", "{ request: 0s, backendRequest: 0h0m }"])("%s is none", (timeouts) => {
    expect(middlewaresOf(`{ timeouts: ${timeouts}, ${toApp} }`)).toEqual([]);
  });

  test.each([
    ["{ request: 1s, backendRequest: 2s }", ["timeouts.backendRequest"], [timeoutOf(1_000, 2_000)]],
    ["{ request: 1.5s }", ["timeouts.request"], []],
    ['{ request: "10" }', ["timeouts.request"], []],
    ["{ request: -1s, backendRequest: 1s }", ["timeouts.request"], [timeoutOf(0, 1_000)]],
    ["{ request: 1s, backendRequest: soon }", ["timeouts.backendRequest"], [timeoutOf(1_000, 0)]],
  ])("%s is said to be wrong", (timeouts, paths, expected) => {
    const lines = paths.map((path) => warning(path));
    expect(middlewaresOf(`{ timeouts: ${timeouts}, ${toApp} }`, lines)).toEqual(expected);
  });
});

describe("retry", () => {
  const retryOf = (changes: object): object => ({
    type: "retry",
    attempts: 2,
    initialIntervalMs: 25,
    timeoutMs: 0,
    status: [],
    retryNonIdempotentMethod: true,
    doublesPauses: true,
    retryIdempotentFailures: true,
    ...changes,
  });

  test.each([
    ["{}", retryOf({})],
    ["{ attempts: 3 }", retryOf({ attempts: 4 })],
    ["{ attempts: 100 }", retryOf({ attempts: 101 })],
    ["{ codes: [500, 503], backoff: 100ms }", retryOf({ status: ["500", "503"], initialIntervalMs: 100 })],
    ["{ codes: [429], backoff: 0s }", retryOf({ status: ["429"], initialIntervalMs: 0 })],
  ])("%s", (retry, expected) => {
    expect(middlewaresOf(`{ retry: ${retry}, ${toApp} }`)).toMatchObject([expected]);
  });

  test("no attempts are no retry", () => {
    expect(middlewaresOf(`{ retry: { attempts: 0, codes: [500] }, ${toApp} }`)).toEqual([]);
  });

  test.each([
    ["{ attempts: 101 }", warning("retry.attempts", "unsupported-field"), retryOf({ attempts: 101 })],
    ["{ backoff: 1 minute }", warning("retry.backoff"), retryOf({})],
    ["{ codes: [200, 500] }", error("retry.codes.0"), retryOf({ status: ["500"] })],
    ["{ codes: [503, 600] }", error("retry.codes.1"), retryOf({ status: ["503"] })],
  ])("%s is told of", (retry, line, expected) => {
    expect(middlewaresOf(`{ retry: ${retry}, ${toApp} }`, [line])).toMatchObject([expected]);
  });

  test("a bad one is left out as a whole", () => {
    expect(middlewaresOf(`{ retry: { attempts: -1 }, ${toApp} }`, [error("retry.attempts")])).toEqual([]);
  });
});

test("timeouts are for filters as well, retries for Pods alone", () => {
  const rule = `{
    timeouts: { request: 10s }, retry: { attempts: 1 },
    filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: A, value: b }] } }],
    ${toApp} }`.replaceAll("\n", " ");
  expect(middlewaresOf(rule).map((middleware) => middleware?.type)).toEqual(["timeout", "headerModifier", "retry"]);
});

test("matches and listeners of a rule share its limits", () => {
  const rule = `{ matches: [{ path: { value: /a } }, { path: { value: /b } }], timeouts: { request: 10s }, ${toApp} }`;
  const { table } = translate(rule);
  expect(table.routers).toHaveLength(2);
  expect(Object.keys(table.middlewares)).toHaveLength(1);
});

test("a redirect needs none", () => {
  const rule =
    "{ timeouts: { request: 10s }, retry: {}, filters: [{ type: RequestRedirect, requestRedirect: { scheme: https } }] }";
  expect(middlewaresOf(rule).map((middleware) => middleware?.type)).toEqual(["requestRedirect"]);
});
