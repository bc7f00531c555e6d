import { expect, test } from "vitest";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import type { ObjectReader } from "../../sync-agent/source/object-store.ts";
import { recordReads } from "../../sync-agent/translate/record-reads.ts";
import { objectsOf, services } from "./translate-text.ts";

const sliceOf = (service: string): string =>
  `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: s, labels: { kubernetes.io/service-name: ${service} } }\n`;

const reads: [string, (objects: ObjectReader) => unknown][] = [
  ["an object", (objects) => objects.get("Service", "default", "a")],
  ["an object that is not there", (objects) => objects.get("Service", "default", "b")],
  ["a list", (objects) => objects.list("Service")],
  ["slices", (objects) => objects.endpointSlices("default", "a")],
];
const edits: [string, string, boolean[]][] = [
  ["nothing", "", [true, true, true, true]],
  ["the object", services("a"), [false, true, false, true]],
  ["the one that was missing", services("b"), [true, false, false, true]],
  ["its slices", sliceOf("a"), [true, true, true, false]],
  ["other slices", sliceOf("b"), [true, true, true, true]],
  ["another kind", services("a").replace("kind: Service", "kind: Secret"), [true, true, true, true]],
];
const cases = reads.flatMap(([read, run], index) =>
  edits.map(([edit, text, unchanged]) => [read, edit, run, text, unchanged[index] ?? false] as const),
);

test.each(cases)("reading %s, then changing %s", (_read, _edit, run, text, unchanged) => {
  const store = createObjectStore(objectsOf(services("a")));
  const { reader, reads } = recordReads(store);
  run(reader);
  for (const object of objectsOf(text)) store.put(object);
  expect(reads.unchanged(store)).toBe(unchanged);
});
