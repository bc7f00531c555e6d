import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MOST_SINGLE_SCOPES } from "../../../sync-agent/source/cluster/plan-scopes.ts";
import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import type { Fault } from "../../doubles/kubernetes-api/faults.ts";
import type { KubernetesApi } from "../../doubles/kubernetes-api/kubernetes-api.ts";
import { follow, followNew, names, startApi, statusOf } from "./follow-cluster.ts";

const configMap = (name: string, data: Record<string, string> = { "ca.crt": name }): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", annotations: { large: "x".repeat(1000) } },
  data,
});

const transport = (name: string, ...configMaps: unknown[]): KubernetesObject => ({
  apiVersion: "traefik.io/v1alpha1",
  kind: "ServersTransport",
  metadata: { name, namespace: "default" },
  spec: { rootCAs: configMaps.map((one) => ({ configMap: one })) },
});

const asked = (api: KubernetesApi) => api.requests.filter(({ plural }) => plural === "configmaps");
const selectors = (api: KubernetesApi) => [...new Set(asked(api).map(({ query }) => query.get("fieldSelector")))];

describe("ConfigMaps", () => {
  test("that nobody names are neither listed nor watched", async () => {
    const api = await startApi();
    for (const name of ["a", "b"]) api.apply(configMap(name));
    api.apply(transport("t"));
    const { source, until } = await follow(api);
    await source.synced;
    await until(() => names(source, "ServersTransport").length === 1);
    expect(asked(api)).toEqual([]);
    expect(names(source, "ConfigMap")).toEqual([]);
    expect(statusOf(source, "ConfigMap")).toBeUndefined();
  });

  test("that are named are there when all is synced, by themselves and with what is read of them", async () => {
    const api = await startApi();
    api.apply(configMap("ca", { "ca.crt": "CA", huge: "x".repeat(100_000) }));
    api.apply(configMap("other"));
    api.apply(transport("t", "ca"));
    const { source } = await follow(api);
    await source.synced;
    expect([...source.objects.list("ConfigMap")]).toEqual([
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ca", namespace: "default" }, data: { "ca.crt": "CA" } },
    ]);
    expect(selectors(api)).toEqual(["metadata.name=ca"]);
    expect(asked(api)[0]?.path).toBe("/api/v1/namespaces/default/configmaps");
    expect(statusOf(source, "ConfigMap")).toMatchObject({ state: "synced", objects: 1 });
  });

  test("are followed while they are named", async () => {
    const { api, source, until } = await followNew();
    await source.synced;
    const content = () => source.objects.get("ConfigMap", "default", "ca")?.data;
    api.apply(transport("t", "ca"));
    await until(() => names(source, "ServersTransport").length === 1);
    expect(content()).toBeUndefined();
    api.apply(configMap("ca"));
    await until(() => content() !== undefined);
    api.apply(configMap("ca", { "ca.crt": "renewed" }));
    await until(() => JSON.stringify(content()) === '{"ca.crt":"renewed"}');
    api.delete({ apiVersion: "v1", kind: "ConfigMap" }, "ca");
    await until(() => content() === undefined);
    api.apply(configMap("ca"));
    await until(() => content() !== undefined);
    api.apply(transport("t", "none"));
    await until(() => content() === undefined);
    api.delete({ apiVersion: "traefik.io/v1alpha1", kind: "ServersTransport" }, "t");
    await until(() => statusOf(source, "ConfigMap") === undefined);
  });

  test("of an object are known when it shows, though they are slow to read", async () => {
    const { api, source, changes, until } = await followNew();
    await source.synced;
    api.apply(configMap("ca"));
    const slow = api.fail({ match: { resource: "configmaps" }, answer: 500 });
    api.apply(transport("t", "ca"));
    await api.until(() => slow.hits > 2);
    expect(names(source, "ServersTransport")).toEqual([]);
    const before = changes.length;
    let wasAlone = false;
    source.onChange(() => {
      wasAlone ||= names(source, "ServersTransport").length > names(source, "ConfigMap").length;
    });
    slow.clear();
    await until(() => names(source, "ServersTransport").length === 1);
    expect([wasAlone, names(source, "ConfigMap")]).toEqual([false, ["default/ca"]]);
    expect(changes.length).toBeGreaterThan(before);
  });

  test("that may not be read hold nothing back, and are a problem that names them", async () => {
    const { api, source, until } = await followNew();
    await source.synced;
    api.forbid({ resource: "configmaps" });
    api.apply(transport("t", "ca"));
    await until(() => names(source, "ServersTransport").length === 1);
    expect(source.problems()).toEqual([
      expect.objectContaining({
        code: "kind-forbidden",
        object: { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "ca" },
      }),
    ]);
  });

  test("of what waits for them, the removal does not wait", async () => {
    const { api, source, until } = await followNew();
    api.apply(transport("t"));
    await source.synced;
    await until(() => names(source, "ServersTransport").length === 1);
    const slow = api.fail({ match: { resource: "configmaps" }, answer: 500 });
    api.apply(transport("t", "ca"));
    await api.until(() => slow.hits > 0);
    expect(source.objects.get("ServersTransport", "default", "t")?.spec).toEqual({ rootCAs: [] });
    api.delete({ apiVersion: "traefik.io/v1alpha1", kind: "ServersTransport" }, "t");
    await until(() => names(source, "ServersTransport").length === 0);
    expect(names(source, "ConfigMap")).toEqual([]);
  });

  test("by names that are none are not asked for", async () => {
    const api = await startApi();
    for (const [index, name] of ["a,metadata.namespace!=x", "A", "../x", "", 7, null].entries()) {
      api.apply(transport(`t${index}`, name));
    }
    const { source, until } = await follow(api);
    await source.synced;
    await until(() => names(source, "ServersTransport").length === 6);
    expect(asked(api)).toEqual([]);
  });

  test("that are many are followed by one watch, and none is lost on the way", async () => {
    const { api, source, until } = await followNew();
    await source.synced;
    const all = Array.from({ length: MOST_SINGLE_SCOPES + 1 }, (_, index) => `ca-${index}`);
    for (const name of all) api.apply(configMap(name));
    api.apply(transport("first", ...all.slice(0, 3)));
    await until(() => names(source, "ConfigMap").length === 3);
    let wasLost = false;
    source.onChange(() => {
      wasLost ||= source.objects.get("ConfigMap", "default", "ca-0") === undefined;
    });
    api.apply(transport("rest", ...all));
    await until(() => names(source, "ServersTransport").length === 2);
    expect(names(source, "ConfigMap")).toHaveLength(all.length);
    expect([wasLost, selectors(api)]).toEqual([
      false,
      [...all.slice(0, 3).map((name) => `metadata.name=${name}`), null],
    ]);
    api.apply(configMap("ca-0", { "ca.crt": "renewed" }));
    api.apply(configMap("ca-9", { "ca.crt": "renewed" }));
    const contentOf = (name: string) => source.objects.get("ConfigMap", "default", name)?.data;
    await until(() => ["ca-0", "ca-9"].every((name) => JSON.stringify(contentOf(name)) === '{"ca.crt":"renewed"}'));
  });
});

test("whatever fails, once the server is well the store holds the ConfigMaps that are named, and no others", async () => {
  const { api, source, until } = await followNew({ times: { relistMs: 500 } });
  await source.synced;
  const kinds = {
    ConfigMap: { apiVersion: "v1", kind: "ConfigMap" },
    ServersTransport: { apiVersion: "traefik.io/v1alpha1", kind: "ServersTransport" },
  };
  const remove = (kind: keyof typeof kinds, name: string): void => {
    if (api.get(kinds[kind], name) !== undefined) api.delete(kinds[kind], name);
  };
  const ca = fc.constantFrom("ca-0", "ca-1", "ca-2", "ca-3");
  const owner = fc.constantFrom("t-0", "t-1", "t-2");
  type Act = () => unknown;
  const act: fc.Arbitrary<Act> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(owner, fc.subarray(["ca-0", "ca-1", "ca-2", "ca-3"])).map(
        ([name, named]): Act =>
          () =>
            api.apply(transport(name, ...named)),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(ca, fc.nat({ max: 2 })).map(
        ([name, n]): Act =>
          () =>
            api.apply(configMap(name, { "ca.crt": String(n) })),
      ),
    },
    fc.tuple(owner).map(
      ([name]): Act =>
        () =>
          remove("ServersTransport", name),
    ),
    fc.tuple(ca).map(
      ([name]): Act =>
        () =>
          remove("ConfigMap", name),
    ),
    fc
      .record({
        verb: fc.constantFrom("list" as const, "watch" as const),
        resource: fc.constantFrom("configmaps", "serverstransports"),
        answer: fc.constantFrom<Fault["answer"][]>(401, 403, 404, 410, 429, 500, "reset", "hang", "garbage"),
        times: fc.integer({ min: 1, max: 3 }),
      })
      .map(
        ({ verb, resource, answer, times }): Act =>
          () =>
            api.fail({ match: { verb, resource }, answer, times }),
      ),
    fc.constantFrom("configmaps", "serverstransports").map(
      (plural): Act =>
        () =>
          api.cutWatches(plural),
    ),
    fc.constant<Act>(() => new Promise((resolve) => setImmediate(resolve))),
  );
  const isRight = (): boolean => {
    const there = api.list(kinds.ServersTransport).map(({ metadata }) => `default/${metadata.name}`);
    const named = new Set(
      api
        .list(kinds.ServersTransport)
        .flatMap(({ spec }) => (spec as { rootCAs: { configMap: string }[] }).rootCAs.map((one) => one.configMap)),
    );
    const wanted = api
      .list(kinds.ConfigMap)
      .filter(({ metadata }) => named.has(metadata.name))
      .map(({ metadata, data }) => [metadata.name, data]);
    const held = [...source.objects.list("ConfigMap")].map(({ metadata, data }) => [metadata.name, data]);
    return names(source, "ServersTransport").join() === there.join() && JSON.stringify(held) === JSON.stringify(wanted);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
      for (const one of acts) await one();
      api.heal();
      await until(isRight);
    }),
    { numRuns: 15, endOnFailure: true },
  );
});
