import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";

const service = (name: string, namespace = "default"): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
});
const slice = (name: string, of: string): KubernetesObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": of } },
});

test("objects are found by kind, namespace and name, and listed in that order", () => {
  const [b, a, other] = [service("b"), service("a"), service("a", "other")];
  const store = createObjectStore([b, other, a]);
  expect(store.get("Service", "default", "b")).toBe(b);
  expect(store.get("Service", "other", "b")).toBeUndefined();
  expect([...store.list("Service")]).toEqual([a, b, other]);
  expect([...store.list("Secret")]).toEqual([]);
});

test("the last of two counts, and kinds of other groups are passed over", () => {
  const [first, last] = [service("a"), service("a")];
  const foreign = { ...service("a"), apiVersion: "serving.knative.dev/v1" };
  expect(createObjectStore([first, last, foreign]).get("Service", "default", "a")).toBe(last);
});

test("slices follow their Service's label", () => {
  const [one, two] = [slice("app-1", "app"), slice("app-2", "app")];
  const store = createObjectStore([two, one, slice("x", "other")]);
  expect(store.endpointSlices("default", "app")).toEqual([one, two]);
  const moved = slice("app-1", "moved");
  store.put(moved);
  expect(store.endpointSlices("default", "app")).toEqual([two]);
  expect(store.endpointSlices("default", "moved")).toEqual([moved]);
  store.remove("EndpointSlice", "default", "app-2");
  expect(store.endpointSlices("default", "app")).toEqual([]);
});

test("routes below one follow the parents that they name", () => {
  const route = (name: string, parentRefs: unknown, namespace = "default"): KubernetesObject => ({
    apiVersion: "traefik.io/v1alpha1",
    kind: "IngressRoute",
    metadata: { name, namespace },
    spec: { parentRefs },
  });
  const both = route("b", [{ name: "top" }, { name: "top", namespace: "" }, { name: "top", namespace: "far" }]);
  const [far, odd] = [route("a", [{ name: "top", namespace: "far" }]), route("c", [null, 1, {}, { name: 1 }])];
  const store = createObjectStore([both, far, odd, route("d", "top"), route("e", undefined)]);
  expect(store.routesBelow("default", "top")).toEqual([both]);
  expect(store.routesBelow("far", "top")).toEqual([far, both]);
  const before = store.routesBelow("far", "top");
  const { version } = store.journal;
  const moved = route("b", [{ name: "other" }]);
  store.put(moved);
  expect(store.routesBelow("default", "top")).toEqual([]);
  expect(store.routesBelow("far", "top")).toEqual([far]);
  expect(store.routesBelow("default", "other")).toEqual([moved]);
  expect(before).toEqual([far, both]);
  expect(store.journal.since(version)?.flatMap(({ parents }) => parents ?? [])).toEqual([
    { namespace: "default", name: "top" },
    { namespace: "far", name: "top" },
    { namespace: "default", name: "other" },
  ]);
  store.remove("IngressRoute", "default", "a");
  expect(store.routesBelow("far", "top")).toEqual([]);
});

test("after any edits a list is the one of a new store, and lists that were handed out stay as they are", () => {
  const name = fc.integer({ min: 0, max: 99 }).map((number) => `s${number}`);
  const namespace = fc.constantFrom("a", "a-b", "b");
  const edit = fc.record({ name, namespace, isRemoval: fc.boolean() });
  const rounds = fc.array(fc.array(edit, { maxLength: 90 }), { maxLength: 6 });
  fc.assert(
    fc.property(rounds, (all) => {
      const store = createObjectStore();
      const present = new Map<string, KubernetesObject>();
      const handedOut: { list: Iterable<KubernetesObject>; copy: KubernetesObject[] }[] = [];
      for (const round of all) {
        for (const one of round) {
          const object = service(one.name, one.namespace);
          if (one.isRemoval) store.remove("Service", one.namespace, one.name);
          else store.put(object);
          if (one.isRemoval) present.delete(`${one.namespace}/${one.name}`);
          else present.set(`${one.namespace}/${one.name}`, object);
        }
        const list = store.list("Service");
        expect([...list]).toEqual([...createObjectStore(present.values()).list("Service")]);
        expect(new Set(list)).toEqual(new Set(present.values()));
        handedOut.push({ list, copy: [...list] });
      }
      for (const { list, copy } of handedOut) expect([...list]).toEqual(copy);
    }),
  );
});
