import { describe, expect, test } from "vitest";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import type { ObjectReader } from "../../sync-agent/source/object-store.ts";
import { ReadIndex } from "../../sync-agent/translate/record-reads.ts";
import { objectsOf, services } from "./translate-text.ts";

const sliceOf = (service: string): string =>
  `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: s, labels: { kubernetes.io/service-name: ${service} } }\n`;

const routeBelow = (parent: string): string =>
  `---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: { name: r }\nspec: { parentRefs: [{ name: ${parent} }] }\n`;

const policyFor = (service: string): string =>
  `---\napiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\nmetadata: { name: p }\nspec: { targetRefs: [{ name: x }, { name: ${service} }] }\n`;

const reads: [string, (objects: ObjectReader) => unknown][] = [
  ["an object", (objects) => objects.get("Service", "default", "a")],
  ["an object that is not there", (objects) => objects.get("Service", "default", "b")],
  ["a list", (objects) => objects.list("Service")],
  ["slices", (objects) => objects.endpointSlices("default", "a")],
  ["routes below one", (objects) => objects.routesBelow("default", "a")],
  ["policies for a Service", (objects) => objects.policiesFor("default", "a")],
];
const edits: [string, string, boolean[]][] = [
  ["nothing", "", [true, true, true, true, true]],
  ["the object", services("a"), [false, true, false, true, true]],
  ["the one that was missing", services("b"), [true, false, false, true, true]],
  ["its slices", sliceOf("a"), [true, true, true, false, true]],
  ["other slices", sliceOf("b"), [true, true, true, true, true]],
  ["a route below it", routeBelow("a"), [true, true, true, true, false]],
  ["a route below another", routeBelow("b"), [true, true, true, true, true]],
  ["another kind", services("a").replace("kind: Service", "kind: Secret"), [true, true, true, true, true]],
  ["a policy for it", policyFor("a"), [true, true, true, true, true, false]],
  ["a policy for another", policyFor("b"), [true, true, true, true, true]],
];
const cases = reads.flatMap(([read, run], index) =>
  edits.map(([edit, text, unchanged]) => [read, edit, run, text, unchanged[index] ?? true] as const),
);

describe.each(["with a journal", "looking at everything"])("%s", (how) => {
  test.each(cases)("reading %s, then changing %s", (_read, _edit, run, text, unchanged) => {
    const store = createObjectStore(objectsOf(services("a")));
    const index = new ReadIndex<object>();
    const [reader, other] = [{}, {}];
    run(index.record(store, reader).objects);
    const version = store.journal.version;
    index.record(store, other).objects.get("Service", "elsewhere", "a");
    for (const object of objectsOf(text)) store.put(object);
    const changes = how === "with a journal" ? store.journal.since(version) : undefined;
    expect([...index.outdated(store, changes)]).toEqual(unchanged ? [] : [reader]);
  });
});

test("what was forgotten concerns nobody", () => {
  const store = createObjectStore();
  const index = new ReadIndex<object>();
  const [one, two] = [{}, {}];
  const recorded = [one, two].map((reader) => index.record(store, reader));
  for (const { objects } of recorded) objects.get("Service", "default", "a");
  index.forget(one, recorded[0]?.reads ?? []);
  for (const object of objectsOf(services("a"))) store.put(object);
  expect([...index.outdated(store, undefined)]).toEqual([two]);
});
