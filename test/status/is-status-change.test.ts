import { expect, test } from "vitest";
import type { KubernetesObject, ObjectMeta } from "../../sync-agent/source/kubernetes-object.ts";
import { isStatusChange } from "../../sync-agent/status/is-status-change.ts";

const route = (metadata: Partial<ObjectMeta>, change: Partial<KubernetesObject> = {}): KubernetesObject => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { name: "app", namespace: "default", uid: "u1", generation: 2, labels: { a: "1" }, ...metadata },
  ...change,
});

test.each<[string, KubernetesObject, boolean]>([
  ["another status", route({ resourceVersion: "9" }, { status: { parents: [] } }), true],
  ["another spec", route({ generation: 3 }), false],
  ["other labels", route({ labels: { a: "2" } }), false],
  ["annotations", route({ annotations: { a: "2" } }), false],
  ["another object of the name", route({ uid: "u2" }), false],
  ["a kind without generations", route({}, { apiVersion: "v1", kind: "Service" }), false],
])("%s", (_, after, expected) => {
  expect(isStatusChange(route({}), after)).toBe(expected);
});

test("nothing is said of objects that come from files", () => {
  const { generation: _, ...metadata } = route({}).metadata;
  expect(isStatusChange(route({}, { metadata }), route({}, { metadata, status: {} }))).toBe(false);
});
