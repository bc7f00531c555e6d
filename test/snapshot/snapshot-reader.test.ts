import { beforeEach, describe, expect, it } from "vitest";
import type { ReportedEvent } from "../../src/observe/report.ts";
import { canonicalJson } from "../../src/snapshot/canonical-json.ts";
import { findEndpointBucket, findRouteBuckets, indexRoot } from "../../src/snapshot/find-buckets.ts";
import { leafKeys, rootKey } from "../../src/snapshot/leaf-keys.ts";
import { type Plan, plan } from "../../src/snapshot/plan.ts";
import { SnapshotReader, type SnapshotReaderOptions } from "../../src/snapshot/snapshot-reader.ts";
import type { Pointer, Root, RouteLeaf } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeLoadBalancer, makeRouter, makeTable } from "./make-table.ts";

/** A KV that never fails unless told to, and counts its calls. */
class CountingKv {
  readonly values = new Map<string, string>();
  readonly calls: (readonly string[])[] = [];
  isDown = false;

  async get(keys: readonly string[]): Promise<Map<string, string | null>> {
    this.calls.push(keys);
    if (this.isDown) throw new Error("KV is away");
    return new Map(keys.map((key) => [key, this.values.get(key) ?? null]));
  }
}

let kv: CountingKv;
let events: ReportedEvent[];
let now: number;
let generation: number;
beforeEach(() => {
  kv = new CountingKv();
  events = [];
  now = 1_000_000;
  generation = 0;
});

const createReader = (more: Partial<SnapshotReaderOptions<RouteLeaf>> = {}) =>
  new SnapshotReader<RouteLeaf>({
    publisher: "test",
    kv,
    compileRoutes: (leaf) => leaf,
    byteBudget: 1_000_000,
    report: (event) => events.push(event),
    now: () => now,
    ...more,
  });

function write(desired: Table, current?: Plan): { planned: Plan; pointer: Pointer } {
  const planned = plan({
    desired,
    publisher: "test",
    current: current && { hash: current.rootHash, root: current.root },
    hash: contentHash,
  });
  for (const [key, value] of planned.writes) kv.values.set(key, value);
  return { planned, pointer: pointTo(planned.rootHash) };
}

const pointTo = (root: string): Pointer => ({ publisher: "test", epoch: 1, generation: ++generation, root });

/** Writes a root that no plan would make. */
function writeRoot(text: string): Pointer {
  const hash = contentHash(text);
  kv.values.set(rootKey(hash), text);
  return pointTo(hash);
}

const sharded = (count: number): Table => {
  const names = Array.from({ length: count }, (_, index) => `app-${index}`);
  return {
    ...makeTable(names.map((name) => makeRouter(name, hostRule(`${name}.example.com`), { service: name }))),
    services: Object.fromEntries(names.map((name) => [name, makeLoadBalancer(name)])),
    endpoints: Object.fromEntries(
      names.map((name) => [name, { endpoints: [{ address: "10.0.0.1", port: 80, state: "ready" as const }] }]),
    ),
  };
};

/** Every service of the routes as the answer, endpoints of those named. */
const choose =
  (...endpoints: string[]) =>
  (routes: readonly RouteLeaf[]) => ({
    value: routes.flatMap((leaf) => leaf.routers.map(({ name }) => name)),
    endpoints,
  });

const eventNames = () => events.map(({ event }) => event);

describe("SnapshotReader", () => {
  it("reads in three rounds when cold, in none and without a promise when warm", async () => {
    const reader = createReader();
    const { pointer } = write(sharded(2_000));
    expect(await reader.offer(pointer)).toBe(true);
    const cold = reader.resolve("app-7.example.com", "/", choose("app-7", "app-8", "app-9"));
    expect(cold).toBeInstanceOf(Promise);
    expect(await cold).toMatchObject({ pointer });
    expect(kv.calls).toHaveLength(3);

    const warm = reader.resolve("app-7.example.com", "/", choose("app-7", "app-8", "app-9"));
    expect(warm).not.toBeInstanceOf(Promise);
    if (warm === undefined || warm instanceof Promise) return expect.fail("not at once");
    expect(warm.value).toContain("app-7");
    expect(warm.endpoints("app-8")?.endpoints).toHaveLength(1);
    expect(warm.endpoints("unknown")).toBeUndefined();
    expect(warm.endpoints("constructor")).toBeUndefined();
    expect(kv.calls).toHaveLength(3);
  });

  it("asks for no new key for an unknown host of a known bucket, nor for names of JavaScript", async () => {
    const reader = createReader();
    const { pointer, planned } = write(sharded(16));
    await reader.offer(pointer);
    for (let index = 0; index < 200; index++) await reader.resolve(`no-${index}.example.net`, "/", choose());
    const leaves = new Set(planned.root.routes.filter((bucket) => bucket !== ""));
    expect(kv.calls.length - 1).toBeLessThanOrEqual(leaves.size);
    for (const host of ["constructor", "__proto__", "", "..", "*.example.com"]) {
      expect(await reader.resolve(host, "/", choose())).toMatchObject({ pointer });
    }
  });

  it("knows nothing before the first root", () => {
    expect(createReader().resolve("a.example.com", "/", choose())).toBeUndefined();
  });

  it("keeps within its budget of bytes, and answers all the same", async () => {
    const reader = createReader({ byteBudget: 10_000 });
    const { pointer } = write(sharded(400));
    await reader.offer(pointer);
    for (let index = 0; index < 400; index += 7) {
      const answer = await reader.resolve(`app-${index}.example.com`, "/", choose(`app-${index}`));
      expect(answer?.value).toContain(`app-${index}`);
      expect(answer?.endpoints(`app-${index}`)).toBeDefined();
      expect(reader.status().bytes).toBeLessThan(10_000 + 32_000);
    }
  });

  it("reads ahead what recent hosts need of a new root, then drops the older one", async () => {
    const reader = createReader();
    const first = write(sharded(200));
    await reader.offer(first.pointer);
    await reader.resolve("app-7.example.com", "/", choose("app-7"));
    const changed = sharded(200);
    changed.endpoints["app-7"]?.endpoints.pop();
    for (const router of changed.routers) router.priority = 2;
    const second = write(changed, first.planned);
    await reader.offer(second.pointer);
    expect(reader.status().snapshots).toHaveLength(2);
    await reader.prefetch();
    expect(reader.status().snapshots).toEqual([second.pointer]);
    const warm = reader.resolve("app-7.example.com", "/", choose("app-7"));
    expect(warm).not.toBeInstanceOf(Promise);
    expect(await warm).toMatchObject({ pointer: second.pointer });
  });

  it("takes a rollback as a newer generation, without reading the root again", async () => {
    const reader = createReader();
    const first = write(sharded(20));
    await reader.offer(first.pointer);
    await reader.offer(write(sharded(21), first.planned).pointer);
    const calls = kv.calls.length;
    const back = pointTo(first.planned.rootHash);
    expect(await reader.offer(back)).toBe(true);
    expect(reader.pointer).toEqual(back);
    expect(kv.calls).toHaveLength(calls);
  });

  it("takes a later leader's pointer whatever its generation", async () => {
    const reader = createReader();
    await reader.offer({ ...write(sharded(1)).pointer, generation: 50 });
    const next = { ...write(sharded(2)).pointer, epoch: 2, generation: 3 };
    expect(await reader.offer(next)).toBe(true);
    expect(reader.pointer).toEqual(next);
  });

  it("finds routes of wildcards and of host-less rules beside those of the host", async () => {
    const reader = createReader();
    const { pointer } = write(
      makeTable([
        makeRouter("exact", hostRule("a.b.example.com")),
        makeRouter("wild", { type: "hostWildcard", suffix: "b.example.com" }),
        makeRouter("deep", { type: "hostWildcard", suffix: "com", deep: true }),
        makeRouter("any", { type: "pathPrefix", path: "/x" }),
      ]),
    );
    await reader.offer(pointer);
    const answer = await reader.resolve("a.b.example.com.", "/x", choose());
    expect(answer?.value).toEqual(expect.arrayContaining(["exact", "wild", "deep", "any"]));
  });
});

describe("SnapshotReader, refusing", () => {
  const rootText = (change: Partial<Record<keyof Root, unknown>>): string =>
    canonicalJson({ ...write(sharded(30)).planned.root, ...change });

  it.each<[string, () => string, string]>([
    ["a newer format", () => rootText({ version: 2, routes: { sharded: "otherwise" } }), "root-newer-version"],
    ["text that is not JSON", () => "<html>", "root-malformed"],
    ["a root of another shape", () => rootText({ routes: [1] }), "root-malformed"],
    ["buckets that are not a power of two", () => rootText({ routes: ["", "", ""] }), "root-malformed"],
    ["a bucket cut short", () => rootText({ endpoints: ["abc"] }), "root-malformed"],
    [
      "ranges that do not begin at the first path",
      () => rootText({ split: { a: { from: ["/a"], leaves: [""] } } }),
      "root-malformed",
    ],
    [
      "ranges out of order",
      () => rootText({ split: { a: { from: ["", "/b", "/a"], leaves: ["", "", ""] } } }),
      "root-malformed",
    ],
    ["another publisher's root", () => rootText({ publisher: "other" }), "root-of-other-publisher"],
    ["a root that suddenly is huge", () => rootText({ routes: Array(8192).fill("x".repeat(16)) }), "root-too-large"],
  ])("keeps the last good table for %s, and says so once", async (_, text, event) => {
    const reader = createReader();
    const good = write(sharded(30)).pointer;
    await reader.offer(good);
    const bad = writeRoot(text());
    expect(await reader.offer(bad)).toBe(false);
    expect(await reader.offer(bad)).toBe(false);
    expect(reader.pointer).toEqual(good);
    expect(eventNames()).toEqual([event]);
    expect(await reader.resolve("app-7.example.com", "/", choose("app-7"))).toMatchObject({ pointer: good });
  });

  it("ignores older and equal pointers", async () => {
    const reader = createReader();
    const first = write(sharded(1)).pointer;
    const second = write(sharded(2)).pointer;
    await reader.offer(second);
    const calls = kv.calls.length;
    expect(await reader.offer(first)).toBe(false);
    expect(await reader.offer(second)).toBe(false);
    expect(kv.calls).toHaveLength(calls);
  });

  it("ignores another publisher's pointer, and says so once", async () => {
    const reader = createReader();
    const pointer = { ...write(sharded(1)).pointer, publisher: "other" };
    expect(await reader.offer(pointer)).toBe(false);
    expect(await reader.offer(pointer)).toBe(false);
    expect(eventNames()).toEqual(["pointer-of-other-publisher"]);
    expect(kv.calls).toHaveLength(0);
  });

  it("takes a root again that it missed a moment ago when it has none, and after a while when it has one", async () => {
    const reader = createReader();
    const { planned, pointer } = write(sharded(1));
    const text = kv.values.get(rootKey(planned.rootHash)) ?? "";
    kv.values.delete(rootKey(planned.rootHash));
    expect(await reader.offer(pointer)).toBe(false);
    kv.values.set(rootKey(planned.rootHash), text);
    expect(await reader.offer(pointer)).toBe(true);

    const next = write(sharded(2), planned);
    const nextKey = rootKey(next.planned.rootHash);
    const nextText = kv.values.get(nextKey) ?? "";
    kv.values.delete(nextKey);
    expect(await reader.offer(next.pointer)).toBe(false);
    kv.values.set(nextKey, nextText);
    expect(await reader.offer(next.pointer)).toBe(false);
    now += 5_000;
    expect(await reader.offer(next.pointer)).toBe(true);
  });

  it.each<[string, (root: Root) => string[], string]>([
    ["routes", (root) => findRouteBuckets(indexRoot(root), "app-7.example.com", "/"), '{"routers":[]}'],
    ["endpoints", (root) => [findEndpointBucket(root, "app-7")], '{"endpoints":[]}'],
    ["routes that are not JSON", (root) => findRouteBuckets(indexRoot(root), "app-7.example.com", "/"), "{"],
  ])("answers from the older table when a leaf of %s is malformed, and asks for it seldom", async (_, find, text) => {
    const reader = createReader();
    const first = write(sharded(30));
    await reader.offer(first.pointer);
    const changed = sharded(30);
    for (const router of changed.routers) router.priority = 2;
    for (const { endpoints } of Object.values(changed.endpoints)) endpoints.pop();
    const second = write(changed, first.planned);
    for (const key of find(second.planned.root).flatMap(leafKeys)) kv.values.set(key, text);
    await reader.offer(second.pointer);
    const resolve = async () => (await reader.resolve("app-7.example.com", "/", choose("app-7")))?.pointer;
    expect(await resolve()).toEqual(first.pointer);
    const calls = kv.calls.length;
    expect(await resolve()).toEqual(first.pointer);
    expect(kv.calls).toHaveLength(calls);
    expect(eventNames()).toContain("leaf-malformed");
    now += 60_000;
    expect(await resolve()).toEqual(first.pointer);
    expect(kv.calls.length).toBeGreaterThan(calls);
  });

  it("closes the routers of a newer agent that it cannot read, and serves the others of their leaf", async () => {
    const reader = createReader();
    const newer = Object.assign(makeRouter("new", hostRule("a.com")), { guards: ["new"] });
    await reader.offer(write(makeTable([newer, makeRouter("known", hostRule("a.com", "/b"))])).pointer);
    const leaves = await reader.resolve("a.com", "/b", (routes) => ({ value: routes, endpoints: [] }));
    expect(leaves?.value.flatMap(({ routers }) => routers.map(({ name, closedBy }) => [name, closedBy]))).toEqual([
      ["known", undefined],
      ["new", "newer-table"],
    ]);
    expect(events).toMatchObject([
      { event: "entry-closed", count: 1, first: [expect.stringMatching(/^new of routers \(.*guards/)] },
    ]);
  });

  it("closes the entry points and endpoints of a newer agent that it cannot read, and says so", async () => {
    const reader = createReader();
    const table = makeTable([makeRouter("known", hostRule("a.com"))]);
    const [one] = table.endpoints["default-app-80"]?.endpoints ?? [];
    const newer = Object.assign(table, {
      entryPoints: { web: { port: 80, clientAuth: "new" }, other: { port: 81 } },
      endpoints: { "default-app-80": { endpoints: [one, { ...one, tunnel: "new" }] } },
    });
    await reader.offer(write(newer).pointer);
    const found = await reader.resolve("a.com", "/", (_, root) => ({ value: root, endpoints: ["default-app-80"] }));
    expect(found?.value.entryPoints).toEqual({ web: { port: 80, closedBy: "newer-table" }, other: { port: 81 } });
    expect(found?.endpoints("default-app-80")).toEqual({ endpoints: [one] });
    expect(events).toMatchObject([
      { event: "entry-closed", first: [expect.stringMatching(/^web of entryPoints \(.*clientAuth/)] },
      { event: "entry-closed", first: [expect.stringMatching(/^default-app-80 of endpoints \(.*tunnel/)] },
    ]);
  });

  it("takes a leaf whose routes cannot be compiled for a malformed one", async () => {
    const reader = createReader({
      compileRoutes: () => {
        throw new Error("no such regexp");
      },
    });
    await reader.offer(write(sharded(1)).pointer);
    expect(await reader.resolve("app-0.example.com", "/", choose())).toBeUndefined();
    expect(eventNames()).toEqual(["leaf-malformed", "host-unreadable"]);
  });

  it("takes KV that hangs for KV that is away", async () => {
    const rings: (() => void)[] = [];
    const startTimer = (ring: () => void) => {
      rings.push(ring);
      return () => {};
    };
    const hanging = { get: (keys: readonly string[]) => (kv.isDown ? new Promise<never>(() => {}) : kv.get(keys)) };
    const reader = createReader({ kv: hanging, deadline: { ms: 1_000, startTimer } });
    const first = write(sharded(1));
    await reader.offer(first.pointer);
    await reader.resolve("app-0.example.com", "/", choose("app-0"));
    kv.isDown = true;
    const offering = reader.offer(write(sharded(2), first.planned).pointer);
    rings.at(-1)?.();
    expect(await offering).toBe(false);
    expect(await reader.resolve("app-0.example.com", "/", choose("app-0"))).toMatchObject({ pointer: first.pointer });
    expect(eventNames()).toEqual(["kv-unreadable", "key-missing"]);
  });

  it("asks again for a missing leaf at each request only while nothing else can serve", async () => {
    const reader = createReader();
    await reader.offer(write(sharded(1)).pointer);
    kv.isDown = true;
    expect(await reader.resolve("app-0.example.com", "/", choose())).toBeUndefined();
    kv.isDown = false;
    expect(await reader.resolve("app-0.example.com", "/", choose())).toBeDefined();
  });
});
