import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { test } from "vitest";
import { readItem } from "../../../sync-agent/source/cluster/read-item.ts";
import { kindOf } from "../../../sync-agent/source/known-kinds.ts";
import type { ObjectSource } from "../../../sync-agent/source/object-source.ts";
import type { Fault } from "../../doubles/kubernetes-api/faults.ts";
import type { KubernetesApi } from "../../doubles/kubernetes-api/kubernetes-api.ts";
import { type Following, followNew, route, service, slice } from "./follow-cluster.ts";

type Act = (api: KubernetesApi) => unknown;

const some = fc.integer({ min: 0, max: 4 });
const kinds = [service("x"), route("x"), slice("x", "x", {})];

function deleteIfThere(
  api: KubernetesApi,
  { apiVersion, kind }: (typeof kinds)[number],
  name: string,
  quiet = false,
): void {
  if (api.get({ apiVersion, kind }, name) !== undefined) api.delete({ apiVersion, kind }, name, { quiet });
}

const change = (quiet: fc.Arbitrary<boolean>): fc.Arbitrary<Act> =>
  fc.oneof(
    fc.tuple(some, fc.integer({ min: 1, max: 3 }), quiet).map(
      ([n, port, isQuiet]): Act =>
        (api) =>
          api.apply(service(`s${n}`, port), { quiet: isQuiet }),
    ),
    fc.tuple(some, some, quiet).map(
      ([n, host, isQuiet]): Act =>
        (api) =>
          api.apply(route(`r${n}`, `Host(\`h${host}\`)`), { quiet: isQuiet }),
    ),
    fc.tuple(some, some, fc.boolean(), quiet).map(
      ([n, end, ready, isQuiet]): Act =>
        (api) =>
          api.apply(slice(`e${n}`, `s${n}`, { [`10.0.0.${end}`]: { ready } }), { quiet: isQuiet }),
    ),
    fc.tuple(fc.constantFrom(...kinds), some, quiet).map(
      ([kind, n, isQuiet]): Act =>
        (api) =>
          deleteIfThere(
            api,
            kind,
            `${kind.kind === "Service" ? "s" : kind.kind === "IngressRoute" ? "r" : "e"}${n}`,
            isQuiet,
          ),
    ),
  );

const answer: fc.Arbitrary<Fault["answer"]> = fc.constantFrom<Fault["answer"][]>(
  401,
  403,
  404,
  410,
  429,
  500,
  504,
  "reset",
  "truncate",
  "garbage",
  "hang",
);
const resource = fc.constantFrom("services", "ingressroutes", "endpointslices");
const outage: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(fc.constantFrom("list" as const, "watch" as const), resource, answer, fc.integer({ min: 1, max: 3 })).map(
    ([verb, plural, what, times]): Act =>
      (api) =>
        api.fail({ match: { verb, resource: plural }, answer: what, times }),
  ),
  resource.map(
    (plural): Act =>
      (api) =>
        api.cutWatches(plural),
  ),
  resource.map(
    (plural): Act =>
      (api) =>
        api.endWatches(plural),
  ),
  resource.map(
    (plural): Act =>
      (api) =>
        api.muteWatches(plural),
  ),
  fc.constant<Act>((api) => api.compact()),
  fc.constant<Act>((api) => api.bookmark()),
  fc.constantFrom(0, 1, 5).map(
    (bytes): Act =>
      (api) =>
        api.splitWatches(bytes),
  ),
  fc.constant<Act>(async (api) => {
    await api.down();
    await api.up();
  }),
  /** Lets what was begun come to something. */
  fc.constant<Act>((api) => {
    const count = api.requests.length;
    return Promise.race([
      api.until(() => api.requests.length > count + 2),
      new Promise((resolve) => setImmediate(resolve)),
    ]);
  }),
);
const lie: fc.Arbitrary<Act> = fc
  .constantFrom("older" as const, "missing" as const, "garbage" as const)
  .map((resourceVersion) => (api) => api.lie({ resourceVersion, times: 2 }));

/** Whether the store holds what the server holds, in content and not only in name. */
function isEqual(api: KubernetesApi, source: ObjectSource): boolean {
  return kinds.every(({ apiVersion, kind: name }) => {
    const kind = kindOf({ apiVersion, kind: name });
    if (kind === undefined) return false;
    const resource = { kind, apiVersion, plural: "", isNamespaced: true };
    const held = api.list({ apiVersion, kind }).map((object) => readItem(object, resource));
    const expected = held.map((item) => ("object" in item ? item.object : item));
    return isDeepStrictEqual([...source.objects.list(kind)], expected);
  });
}

async function converges({ api, source, until }: Following, acts: readonly Act[]): Promise<void> {
  for (const act of acts) await act(api);
  api.heal();
  await api.up();
  await until(() => isEqual(api, source));
}

const few = { numRuns: 15, endOnFailure: true };

test("whatever fails, once the server is well the store holds what the server holds", async () => {
  const following = await followNew();
  await following.source.synced;
  const acts = fc.array(fc.oneof(change(fc.constant(false)), outage), { minLength: 5, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(acts, (list) => converges(following, list)),
    few,
  );
});

test("a server that lies and conceals is found out by listing again", async () => {
  const following = await followNew({ times: { relistMs: 60, watchMs: 100 } });
  await following.source.synced;
  const acts = fc.array(fc.oneof(change(fc.boolean()), lie, outage), { minLength: 5, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(acts, (list) => converges(following, list)),
    few,
  );
});
