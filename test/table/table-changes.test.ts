import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import {
  applyChanges,
  changesSince,
  diffTables,
  emptyChanges,
  isEmpty,
  tableChangesSchema,
  tableParts,
} from "../../src/table/table-changes.ts";

const name = fc.constantFrom("a", "b", "c", "é", "__proto__", "constructor", "1");
const record = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key }).map((entries) => Object.fromEntries(entries));
const router: fc.Arbitrary<Router> = fc.record({
  name,
  entryPoints: fc.constant<string[]>(["web"]),
  tls: fc.boolean(),
  rule: fc.constant<Router["rule"]>({ type: "any" }),
  ruleText: fc.constant(""),
  priority: fc.integer({ min: 0, max: 2 }),
  tieBreaker: fc.constant(""),
  middlewares: fc.array(name, { maxLength: 2 }),
  service: name,
});
const table: fc.Arbitrary<Table> = fc.record({
  entryPoints: record(fc.record({ port: fc.integer({ min: 1, max: 3 }) })),
  routers: fc.uniqueArray(router, { selector: (one) => one.name }).map((list) => list.sort(inOrderOfNames)),
  services: record(fc.record({ type: fc.constant("status" as const), status: fc.integer({ min: 1, max: 2 }) })),
  middlewares: record(fc.record({ type: fc.constant("addPrefix" as const), prefix: fc.constantFrom("/1", "/2") })),
  endpoints: record(
    fc.record({
      endpoints: fc.array(
        fc.record({
          address: fc.constantFrom("10.0.0.1", "10.0.0.2"),
          port: fc.constant(80),
          state: fc.constantFrom("ready" as const, "terminating" as const),
        }),
        { maxLength: 2 },
      ),
    }),
  ),
  serversTransports: record(fc.record({ serverName: name }, { requiredKeys: [] })),
  relayEntryPoints: record(
    fc.record({ protocol: fc.constant("udp" as const), host: fc.constant(""), port: fc.integer({ min: 1, max: 3 }) }),
  ),
  relayEndpoints: fc.constant<Table["relayEndpoints"]>({}),
  tcpRouters: fc.constant<Table["tcpRouters"]>([]),
  tcpServices: fc.constant<Table["tcpServices"]>({}),
  tcpMiddlewares: record(fc.record({ type: fc.constant("inFlightConn" as const), amount: fc.nat(3) })),
  udpRouters: fc
    .uniqueArray(fc.record({ name, entryPoints: fc.constant<string[]>(["dns"]), tieBreaker: name, service: name }), {
      selector: (one) => one.name,
    })
    .map((list) => list.sort(inOrderOfNames)),
  udpServices: record(fc.record({ type: fc.constant("loadBalancer" as const), endpoints: name })),
  tlsOptions: record(fc.record({ sniStrict: fc.boolean() }, { requiredKeys: [] })),
  certificates: record(fc.record({ certificate: name, key: name })),
});

describe("laws", () => {
  test("the changes from one table to another, made to the one, give the other", () => {
    fc.assert(
      fc.property(table, table, (before, after) => {
        const text = JSON.stringify(before);
        const changed = applyChanges(before, diffTables(before, after));
        expect(changed).toEqual(after);
        for (const part of tableParts)
          expect(Object.keys(changed[part]).sort()).toEqual(Object.keys(after[part]).sort());
        expect(JSON.stringify(before)).toBe(text);
      }),
    );
  });

  test("equal tables have no changes between them, others do", () => {
    fc.assert(
      fc.property(table, table, (before, after) => {
        expect(isEmpty(diffTables(before, structuredClone(before)))).toBe(true);
        expect(isEmpty(diffTables(before, after))).toBe(
          JSON.stringify(sorted(before)) === JSON.stringify(sorted(after)),
        );
      }),
    );
  });

  test("changes made in steps are known as one, whether or not somebody has read the table in between", () => {
    fc.assert(
      fc.property(table, table, table, fc.boolean(), (first, second, third, isRead) => {
        const origin = applyChanges(first, emptyChanges());
        const made = applyChanges(origin, diffTables(first, second));
        if (isRead) expect(made).toEqual(second);
        const last = applyChanges(made, diffTables(second, third));
        const joined = changesSince(origin, last);
        expect(applyChanges(first, joined)).toEqual(third);
        expect(tableChangesSchema.safeParse(joined).success).toBe(true);
      }),
    );
  });

  test("changes are of their form, also after a way over JSON", () => {
    fc.assert(
      fc.property(table, table, (before, after) => {
        const changes = diffTables(before, after);
        expect(tableChangesSchema.safeParse(JSON.parse(JSON.stringify(changes))).success).toBe(true);
      }),
    );
  });

  test("names come in order, wherever they were put", () => {
    fc.assert(
      fc.property(table, table, (before, after) => {
        const { routers } = applyChanges(before, diffTables(before, after));
        expect(routers.map((one) => one.name)).toEqual(after.routers.map((one) => one.name));
      }),
    );
  });
});

test("a table of a thousand and more changes is the one that they make, whenever it is read", () => {
  let last = emptyTable();
  const kept: Table[] = [];
  for (let count = 1; count <= 2_500; count++) {
    const changes = emptyChanges();
    changes.services.put[`s${count % 7}`] = { type: "status", status: count };
    if (count % 5 === 0) changes.services.removed.push(`s${(count + 1) % 7}`);
    last = applyChanges(last, changes);
    if (count % 600 === 0) kept.push(last);
  }
  const expected = (until: number): Table["services"] => {
    const record: Table["services"] = {};
    for (let count = 1; count <= until; count++) {
      if (count % 5 === 0) delete record[`s${(count + 1) % 7}`];
      record[`s${count % 7}`] = { type: "status", status: count };
    }
    return record;
  };
  expect(last.services).toEqual(expected(2_500));
  expect(kept.map(({ services }) => services)).toEqual([600, 1_200, 1_800, 2_400].map(expected));
});

test("what did not change is shared", () => {
  const before: Table = { ...emptyTable(), services: { a: { type: "status", status: 418 } }, endpoints: {} };
  const changes = emptyChanges();
  changes.endpoints.put.x = { endpoints: [] };
  const after = applyChanges(before, changes);
  expect(after.services).toBe(before.services);
  expect(after.routers).toBe(before.routers);
  expect(after.endpoints).toEqual({ x: { endpoints: [] } });
  expect(before.endpoints).toEqual({});
});

test("a name that is not there may be removed", () => {
  const changes = emptyChanges();
  changes.routers.removed.push("gone");
  changes.services.removed.push("gone");
  expect(applyChanges(emptyTable(), changes)).toEqual(emptyTable());
});

test.each([
  ["a part that is missing", { ...emptyChanges(), routers: undefined }],
  ["a part that nobody knows", { ...emptyChanges(), certificate: { put: {}, removed: [] } }],
  ["a router that is none", { ...emptyChanges(), routers: { put: { a: { name: "a" } }, removed: [] } }],
  ["a removed name that is none", { ...emptyChanges(), services: { put: {}, removed: [1] } }],
])("%s is refused", (_what, changes) => {
  expect(tableChangesSchema.safeParse(changes).success).toBe(false);
});

function inOrderOfNames(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => [key, sorted(field)]);
}
