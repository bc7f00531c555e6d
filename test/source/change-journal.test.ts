import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ChangeJournal } from "../../sync-agent/source/change-journal.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";

const changeOf = (index: number) => ({ kind: "Service", namespace: "default", name: `s${index}` }) as const;

test("a journal gives all changes since a version, or says that it forgot them", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.nat({ max: 60 }), (limit, count) => {
      const journal = new ChangeJournal(limit);
      const all = Array.from({ length: count }, (_, index) => changeOf(index));
      for (const change of all) journal.add(change);
      expect(journal.version).toBe(count);
      for (let version = 0; version <= count; version++) {
        const since = journal.since(version);
        if (count - version <= limit) expect(since).toEqual(all.slice(version));
        else expect(since === undefined || since.length === count - version).toBe(true);
      }
      if (count >= 2 * limit) expect(journal.since(0)).toBeUndefined();
    }),
  );
});

test("a store tells what was put and removed, and for slices which Services they concern", () => {
  const slice = (service?: string): KubernetesObject => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: "one",
      namespace: "default",
      ...(service === undefined ? {} : { labels: { "kubernetes.io/service-name": service } }),
    },
  });
  const store = createObjectStore();
  const first = slice("a");
  store.put(first);
  store.put(first);
  store.put(slice("b"));
  store.put(slice());
  store.remove("EndpointSlice", "default", "one");
  store.remove("EndpointSlice", "default", "one");
  store.put({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "not read" } });
  const services = store.journal.since(0)?.map(({ kind, name, service }) => [kind, name, service ?? "none"].join(" "));
  expect(services).toEqual([
    "EndpointSlice one a",
    "EndpointSlice one a",
    "EndpointSlice one b",
    "EndpointSlice one b",
    "EndpointSlice one none",
    "EndpointSlice one none",
  ]);
});
