import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Precedence, priorityOf } from "../../../sync-agent/translate/gateway-api/precedence.ts";

/** The order of the specification, criterion after criterion, without numbers that stand for several. */
function compare(a: Precedence, b: Precedence): number {
  const exactLength = (host: string): number => (host.startsWith("*") ? 0 : host.length);
  const criteria: ((match: Precedence) => number)[] = [
    ({ host }) => exactLength(host),
    ({ host }) => host.length,
    ({ routeHost }) => exactLength(routeHost),
    ({ routeHost }) => routeHost.length,
    ({ isExactPath }) => Number(isExactPath),
    ({ pathLength }) => pathLength,
    ({ hasMethod }) => Number(hasMethod),
    ({ headers }) => headers,
    ({ queryParams }) => queryParams,
  ];
  for (const criterion of criteria) {
    const difference = criterion(a) - criterion(b);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

const host = fc.oneof(
  fc.constantFrom("", "*.example.com", "a.example.com", "*.a.example.com"),
  fc
    .tuple(fc.boolean(), fc.integer({ min: 1, max: 251 }))
    .map(([wild, length]) => (wild ? "*." : "") + "a".repeat(length)),
);
const match: fc.Arbitrary<Precedence> = fc.record({
  host,
  routeHost: host,
  isExactPath: fc.boolean(),
  pathLength: fc.integer({ min: 1, max: 1024 }),
  hasMethod: fc.boolean(),
  headers: fc.integer({ min: 0, max: 16 }),
  queryParams: fc.integer({ min: 0, max: 16 }),
});

test("priorities order matches as the specification does", () => {
  fc.assert(
    fc.property(match, match, (a, b) => {
      expect(Math.sign(priorityOf(a) - priorityOf(b))).toBe(compare(a, b));
    }),
  );
});

test("matches that differ in one criterion only", () => {
  fc.assert(
    fc.property(
      match,
      match,
      fc.constantFrom(...(["host", "isExactPath", "pathLength", "headers"] as const)),
      (a, b, field) => {
        const c = { ...a, [field]: b[field] };
        expect(Math.sign(priorityOf(a) - priorityOf(c))).toBe(compare(a, c));
      },
    ),
  );
});

test("priorities are exact numbers, also of what passes the API's limits", () => {
  fc.assert(
    fc.property(match, fc.integer({ min: 0, max: 1e9 }), (a, size) => {
      const priority = priorityOf({ ...a, pathLength: size, headers: size, queryParams: size });
      expect(Number.isSafeInteger(priority)).toBe(true);
      expect(priority).toBeLessThan(2 ** 41);
    }),
  );
});
