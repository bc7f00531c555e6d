import { describe, expect, it } from "vitest";
import { createPlanner } from "../../src/snapshot/plan.ts";
import { applyChanges, emptyChanges } from "../../src/table/table-changes.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { describePlan } from "../../sync-agent/publish/describe-plan.ts";
import { describeLargeRoot, type GuardRequest, guardPublish } from "../../sync-agent/publish/guard-publish.ts";
import { createMemoryStore } from "../../sync-agent/publish/memory-store.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import { readPublished } from "../../sync-agent/publish/read-published.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

const tableOf = (count: number) =>
  makeTable(Array.from({ length: count }, (_, index) => makeRouter(`r${index}`, hostRule(`h${index}.example.com`))));
/** Services with an endpoint each, but for the first so many. */
const withEndpoints = (count: number, emptied = 0) => ({
  ...tableOf(1),
  endpoints: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `s${index}`,
      { endpoints: index < emptied ? [] : [{ address: "10.0.0.1", port: 80, state: "ready" as const }] },
    ]),
  ),
});
const stats = { routeLeaves: 1, endpointLeaves: 1, rootBytes: 1_000, largestLeafBytes: 1_000 };
const judge = (request: Partial<GuardRequest>) =>
  guardPublish({
    before: tableOf(10),
    after: tableOf(10),
    stats,
    maxLoss: 0.5,
    allowLoss: false,
    workerReads: 1,
    ...request,
  });

describe("the guard", () => {
  it.each<[string, Partial<GuardRequest>]>([
    ["nothing goes", {}],
    ["half of the routes go", { after: tableOf(5) }],
    ["few go, if all", { before: tableOf(3), after: tableOf(0) }],
    ["few Pods go, if all", { before: withEndpoints(3), after: withEndpoints(3, 3) }],
    ["half of the services lose their Pods", { before: withEndpoints(10), after: withEndpoints(10, 5) }],
    ["what had no Pods is gone", { before: withEndpoints(10, 8), after: withEndpoints(0) }],
    ["nothing was there", { before: undefined, after: tableOf(0) }],
    ["it is told to", { after: tableOf(0), allowLoss: true }],
    ["the Worker does not say what it reads", { workerReads: undefined }],
  ])("lets a table pass when %s", (_, request) => {
    expect(judge(request)).toEqual({ ok: true });
  });

  it.each<[string, Partial<GuardRequest>, string, string]>([
    ["more than the share would go", { after: tableOf(4) }, "mass-deletion", "6 of 10 routes (60 %)"],
    ["all would go", { after: tableOf(0) }, "mass-deletion", "10 of 10 routes"],
    ["the share is small", { after: tableOf(6), maxLoss: 0.1 }, "mass-deletion", "--allow-loss"],
    [
      "most services would lose their Pods",
      { before: withEndpoints(10), after: withEndpoints(10, 6) },
      "mass-deletion",
      "6 of 10 services with endpoints (60 %)",
    ],
    [
      "most services with Pods would go",
      { before: withEndpoints(10), after: withEndpoints(4) },
      "mass-deletion",
      "6 of 10 services with endpoints",
    ],
    ["the root is too large", { stats: { ...stats, rootBytes: 300_000 } }, "root-too-large", "300000 bytes"],
    ["a leaf is too large", { stats: { ...stats, largestLeafBytes: 200_000 } }, "leaf-too-large", "200000 bytes"],
    ["the Worker is older", { workerReads: 0 }, "newer-version", "deploy the Worker first"],
  ])("stops a table when %s", (_, request, code, message) => {
    expect(judge(request)).toMatchObject({ ok: false, code, message: expect.stringContaining(message) });
  });

  it("judges tables that were made of each other by what was changed", () => {
    const before = tableOf(10);
    const removed = before.routers.slice(0, 6).map(({ name }) => name);
    const fewer = applyChanges(before, { ...emptyChanges(), routers: { put: {}, removed } });
    expect(judge({ before, after: fewer })).toMatchObject({ code: "mass-deletion", gone: 6, of: 10 });
    const [first = expect.fail("no router")] = before.routers;
    const back = applyChanges(fewer, { ...emptyChanges(), routers: { put: { [first.name]: first }, removed: [] } });
    expect(judge({ before, after: back })).toEqual({ ok: true });
  });

  it("tells of a root that is larger than it should be, before it is too large", () => {
    expect(describeLargeRoot({ ...stats, rootBytes: 100 * 1024 })).toBeUndefined();
    expect(describeLargeRoot({ ...stats, rootBytes: 100 * 1024 + 1 })).toContain("102401 bytes");
  });
});

describe("a plan for people", () => {
  const planOf = (count: number) =>
    createPlanner({ hash: contentHash }).plan({ desired: tableOf(count), publisher: "test" });

  it("names routes that come, change and go", () => {
    const before = makeTable([
      makeRouter("kept", hostRule("a")),
      makeRouter("changed", hostRule("b")),
      makeRouter("gone", hostRule("c")),
    ]);
    const after = makeTable([
      makeRouter("kept", hostRule("a")),
      makeRouter("changed", hostRule("x")),
      makeRouter("new", hostRule("d")),
    ]);
    const text = describePlan(before, after, planOf(1));
    expect(text.split("\n").slice(0, 3)).toEqual(["+ new", "~ changed", "- gone"]);
  });

  it("counts what is too much to name, and says when nothing changes", () => {
    expect(describePlan(undefined, tableOf(100), planOf(100))).toContain("+ 80 routes more");
    expect(describePlan(tableOf(2), tableOf(2), planOf(2))).toMatch(/^no change\n2 routes/);
  });
});

describe("what was published", () => {
  it("is read back as it was", async () => {
    const store = createMemoryStore("test");
    const table = tableOf(30);
    const result = await publish(store, table, { epoch: 1 });
    if (result.status !== "published") throw new Error(result.status);
    expect((await readPublished(store, result.pointer))?.routers.map(({ name }) => name).sort()).toEqual(
      table.routers.map(({ name }) => name).sort(),
    );
    expect(await readPublished(store, { root: "x".repeat(16) })).toBeUndefined();
  });
});
