import { describe, expect, test } from "vitest";
import type { Kind, KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import { follow, followNew, names, route, startApi } from "./follow-cluster.ts";

const kind: Kind = "IngressRoute";
const routeKind = { apiVersion: "traefik.io/v1alpha1", kind };
const large = { ...route("large"), spec: { routes: [], text: "x".repeat(1024 * 1024) } };

test("an object of 1 MiB is a problem, its neighbours are not", async () => {
  const api = await startApi();
  api.apply(large);
  api.apply(route("a"));
  const { source, until } = await follow(api);
  await source.synced;
  expect(names(source, kind)).toEqual(["default/a"]);
  expect(source.problems()).toMatchObject([{ code: "object-too-large", object: { ...routeKind, name: "large" } }]);
  await until(() => api.watches("ingressroutes").length > 0);
  api.delete(routeKind, "large");
  await until(() => source.problems().length === 0);
});

test("an object that grows to 1 MiB goes, and comes back", async () => {
  const { api, source, until } = await followNew();
  api.apply(route("large"));
  await source.synced;
  await until(() => names(source, kind).length === 1 && api.watches("ingressroutes").length > 0);
  api.apply(large);
  await until(() => names(source, kind).length === 0);
  expect(source.problems()).toMatchObject([{ code: "object-too-large" }]);
  api.apply(route("large"));
  await until(() => names(source, kind).length === 1 && source.problems().length === 0);
});

test("bookkeeping of 1 MiB harms nothing: it is not kept", async () => {
  const api = await startApi();
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(1024 * 1024) };
  api.apply({ ...route("a"), metadata: { ...route("a").metadata, annotations } } as never);
  const { source } = await follow(api);
  await source.synced;
  expect(source.problems()).toEqual([]);
  expect(source.objects.get(kind, "default", "a")?.metadata.annotations).toBeUndefined();
});

describe("events of what is no object", () => {
  const version = (n: number) => ({ resourceVersion: String(1_000_000 + n) });
  const cases: [name: string, object: unknown][] = [
    ["without a name", { metadata: version(1), spec: {} }],
    ["with a name that forges a key", { metadata: { ...version(1), name: "a\0b", namespace: "default" } }],
    [
      "with labels that are no strings",
      { metadata: { ...version(1), name: "x", namespace: "default", labels: { a: {} } } },
    ],
    ["of another kind", { kind: "Secret", metadata: { ...version(1), name: "x", namespace: "default" } }],
  ];
  test.each(cases)("%s", async (_, object) => {
    const { api, source, until } = await followNew();
    api.apply(route("a"));
    await source.synced;
    await until(() => names(source, kind).length === 1 && api.watches("ingressroutes").length > 0);
    api.emit("ingressroutes", { type: "ADDED", object });
    await until(() => source.problems().length > 0);
    expect(names(source, kind)).toEqual(["default/a"]);
    api.emit("ingressroutes", {
      type: "DELETED",
      object: { metadata: { ...version(2), name: "a", namespace: "default" } },
    });
    await until(() => names(source, kind).length === 0);
  });
});

test("an event nested without end", async () => {
  const { api, source, until } = await followNew();
  api.apply(route("a"));
  await source.synced;
  await until(() => names(source, kind).length === 1 && api.watches("ingressroutes").length > 0);
  const depth = 100_000;
  const metadata = JSON.stringify({ name: "deep", namespace: "default", resourceVersion: "1000000" });
  const spec = "[".repeat(depth) + "]".repeat(depth);
  api.emit("ingressroutes", `{"type":"ADDED","object":{"metadata":${metadata},"spec":${spec}}}`);
  await until(() => source.problems().length > 0);
  expect(source.problems()).toMatchObject([{ code: "object-too-large", object: { name: "deep" } }]);
  expect(names(source, kind)).toEqual(["default/a"]);
});

test("names that are properties of every object are names", async () => {
  const api = await startApi();
  for (const name of ["constructor", "tostring"]) api.apply(route(name));
  const withSpec = (object: KubernetesObject, spec: unknown): KubernetesObject => ({ ...object, spec });
  const spec = JSON.parse('{"routes":[],"__proto__":{"polluted":true}}');
  api.apply(withSpec(route("proto"), spec));
  const { source } = await follow(api);
  await source.synced;
  expect(names(source, kind)).toEqual(["default/constructor", "default/proto", "default/tostring"]);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

test("fields that nobody knows are kept for whoever says so", async () => {
  const api = await startApi();
  api.apply({ ...route("a"), spec: { routes: [], weird: { deep: [1] } }, more: true } as never);
  const { source } = await follow(api);
  await source.synced;
  expect(source.objects.get(kind, "default", "a")).toMatchObject({ spec: { weird: { deep: [1] } }, more: true });
});
