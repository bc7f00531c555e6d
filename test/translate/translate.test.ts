import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { createPlanner, plan } from "../../src/snapshot/plan.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Root } from "../../src/table/snapshot.ts";
import { tableSchema } from "../../src/table/table.ts";
import { applyChanges, diffTables, isEmpty, type TableChanges, tableParts } from "../../src/table/table-changes.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { defaultSettings, type TranslateSettings } from "../../sync-agent/translate/settings.ts";
import { type RecordPart, recordParts, routerParts } from "../../sync-agent/translate/table-part.ts";
import { mapEntry } from "../../sync-agent/translate/table-references.ts";
import { createTranslator, type Translation } from "../../sync-agent/translate/translate.ts";
import { objectSets } from "./arbitrary-objects.ts";
import { objectsOf, services, traefik, translateText } from "./translate-text.ts";

const objects = fc.oneof(...objectSets.map(({ list }) => list));
const fromScratch = (list: readonly KubernetesObject[], settings = defaultSettings()): Translation =>
  createTranslator(settings).translate(createObjectStore(list));

/** Entry points that give their routers something, and lose it with a Middleware that is gone. */
const demanding = (): TranslateSettings => ({
  ...defaultSettings(),
  entryPoints: {
    web: { port: 80, redirect: { to: "websecure", scheme: "https", permanent: true, priority: 1 } },
    websecure: { port: 443, tls: true, middlewares: ["default-a@kubernetescrd", "x-a-b@kubernetescrd"] },
    other: { port: 81, middlewares: ["default-b@kubernetescrd"] },
  },
  relayEntryPoints: {
    web: { protocol: "tcp", host: "", port: 80 },
    websecure: { protocol: "tcp", host: "", port: 443, asDefault: true },
    dns: { protocol: "udp", host: "", port: 53 },
  },
  sealKey: new Uint8Array(32),
});
const settings = fc.constantFrom(defaultSettings, demanding);

describe("laws", () => {
  test.each(objectSets)(
    "after any edits to objects $title the table and its plan are those made from nothing",
    ({ object, list }) => {
      const edit = fc.oneof(
        { arbitrary: fc.record({ put: object }), weight: 3 },
        { arbitrary: fc.record({ remove: fc.nat({ max: 20 }) }), weight: 2 },
        { arbitrary: fc.constant("another store" as const), weight: 1 },
      );
      const edits = fc.array(fc.array(edit, { maxLength: 3 }), { maxLength: 12 });
      fc.assert(
        fc.property(settings, list, edits, (settingsOf, start, rounds) => {
          let store = createObjectStore(start);
          const all = new Map(start.map((one) => [keyOf(one), one]));
          const translator = createTranslator(settingsOf());
          const planner = createPlanner({ hash: contentHash });
          let current: { hash: string; root: Root } | undefined;
          let last = translator.translate(store);
          expect(applyChanges(emptyTable(), last.changes)).toEqual(last.table);
          for (const round of rounds) {
            for (const change of round) {
              if (change === "another store") {
                store = createObjectStore(all.values());
              } else if ("put" in change) {
                store.put(change.put);
                all.set(keyOf(change.put), change.put);
              } else {
                const [key, gone] = [...all][change.remove] ?? [];
                if (key === undefined || gone === undefined) continue;
                all.delete(key);
                store.remove(gone.kind as "Service", gone.metadata.namespace ?? "", gone.metadata.name);
              }
            }
            const next = translator.translate(store);
            const fresh = fromScratch([...all.values()], settingsOf());
            const planned = planner.plan({ desired: next.table, publisher: "test", current });
            const plannedAnew = plan({ desired: fresh.table, publisher: "test", current, hash: contentHash });
            expect(planned.rootHash).toBe(plannedAnew.rootHash);
            expect([...planned.writes]).toEqual([...plannedAnew.writes]);
            current = { hash: planned.rootHash, root: planned.root };
            expect(JSON.stringify(next.table)).toBe(JSON.stringify(fresh.table));
            expect(next.problems).toEqual(fresh.problems);
            expect(ordered(next.changes)).toEqual(ordered(diffTables(last.table, next.table)));
            expect(isEmpty(next.changes)).toBe(next.table === last.table);
            last = next;
          }
        }),
        { numRuns: 200 },
      );
    },
  );

  test("the table is sound: of its form, without a dangling name, names and ties unique, in a settled order", () => {
    fc.assert(
      fc.property(settings, objects, (settingsOf, list) => {
        const { table } = fromScratch(list, settingsOf());
        expect(tableSchema.safeParse(table).error).toBeUndefined();
        const check = (part: RecordPart, key: string): string => {
          expect(Object.keys(table[part])).toContain(key);
          return key;
        };
        for (const part of [...routerParts, ...recordParts]) {
          for (const entry of Object.values<unknown>(table[part])) mapEntry[part](entry as never, check);
        }
        const unique = (values: string[]) => expect(new Set(values).size).toBe(values.length);
        for (const part of routerParts) {
          unique(table[part].map(({ name }) => name));
          unique(table[part].map(({ tieBreaker }) => tieBreaker));
        }
        const last = new Map(list.map((one) => [keyOf(one), one]));
        expect(JSON.stringify(fromScratch([...last.values()].reverse(), settingsOf()).table)).toBe(
          JSON.stringify(table),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("no object changes the routers of others, whatever it is", () => {
    const sound = objectsOf(
      traefik(
        "IngressRoute",
        "good",
        "routes: [{ match: 'Path(`/`)', services: [{ name: good, port: 80 }], middlewares: [{ name: good }] }]",
      ) +
        traefik("Middleware", "good", "addPrefix: { prefix: /x }") +
        services("good"),
    );
    const before = fromScratch(sound).table;
    const garbage = fc.record({
      apiVersion: fc.constantFrom("traefik.io/v1alpha1", "traefik.containo.us/v1alpha1"),
      kind: fc.constantFrom("IngressRoute", "TraefikService", "Middleware", "ServersTransport", "IngressRouteTCP"),
      metadata: fc.record({ name: fc.constant("bad"), namespace: fc.constant("default") }),
      spec: fc.oneof(
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom(
            "routes",
            "weighted",
            "mirroring",
            "failover",
            "chain",
            "headers",
            "tls",
            "entryPoints",
            "rootCAs",
          ),
          fc.oneof(fc.jsonValue(), fc.record({ services: fc.array(fc.jsonValue()), middlewares: fc.jsonValue() })),
        ),
      ),
    });
    fc.assert(
      fc.property(garbage, (bad) => {
        const { table, problems } = fromScratch([bad as KubernetesObject, ...sound]);
        for (const router of before.routers) expect(table.routers).toContainEqual(router);
        expect(table.services).toMatchObject(before.services);
        expect(table.middlewares).toMatchObject(before.middlewares);
        expect(problems.filter(({ code }) => code === "internal-error")).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("what is translated again", () => {
  const text =
    traefik("IngressRoute", "one", "routes: [{ match: 'Path(`/1`)', services: [{ name: a, port: 80 }] }]") +
    traefik("IngressRoute", "two", "routes: [{ match: 'Path(`/2`)', services: [{ name: b, port: 80 }] }]") +
    services("a");

  test("is what read the object that changed, also one that was missing", () => {
    const store = createObjectStore(objectsOf(text));
    const translator = createTranslator(defaultSettings());
    expect(translator.translate(store).stats).toEqual({ fragments: 2, remade: 2 });
    const unchanged = translator.translate(store);
    expect(unchanged.stats.remade).toBe(0);
    expect(translator.translate(store).table).toBe(unchanged.table);
    for (const service of objectsOf(services("b", "c"))) store.put(service);
    const after = translator.translate(store);
    expect(after.stats.remade).toBe(1);
    expect(after.problems.filter(({ code }) => code === "service-not-found")).toEqual([]);
  });

  test("is what a Pod's coming and going touches", () => {
    const store = createObjectStore(objectsOf(text));
    const translator = createTranslator(defaultSettings());
    translator.translate(store);
    const slice = (endpoints: string): string =>
      `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: a-1, labels: { kubernetes.io/service-name: a } }\nports: [{ name: "", port: 80 }]\nendpoints: ${endpoints}\n`;
    for (const pods of [["10.0.0.1"], ["10.0.0.1", "10.0.0.2"], []]) {
      const list = pods.map((pod) => `{ addresses: [${pod}] }`).join(", ");
      for (const one of objectsOf(slice(`[${list}]`))) store.put(one);
      const { table, stats } = translator.translate(store);
      expect(stats.remade).toBe(1);
      expect(table.endpoints["default-a-80"]?.endpoints.map(({ address }) => address)).toEqual(pods);
    }
  });
});

test("what is wrong with a Service is said once, however many Ingresses use it", () => {
  const ingress = (name: string): string =>
    `---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: ${name} }\nspec: { rules: [{ host: ${name}.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: a, port: { number: 80 } } } }] } }] }\n`;
  const annotation = "traefik.ingress.kubernetes.io/service.passhostheader: maybe";
  const broken = services("a").replace("name: a", `name: a, annotations: { ${annotation} }`);
  const { problems } = translateText(ingress("one") + ingress("two") + broken);
  expect(problems.filter(({ object }) => object.kind === "Service")).toHaveLength(1);
});

test("a change that could not be taken in is not lost", () => {
  const all = objectsOf(
    traefik("IngressRoute", "r", "routes: [{ match: 'Path(`/`)', services: [{ name: a, port: 80 }] }]"),
  );
  const store = createObjectStore(all);
  const translator = createTranslator(defaultSettings());
  translator.translate(store);
  store.put(objectsOf(services("a"))[0] as KubernetesObject);
  store.put(objectsOf(traefik("IngressRoute", "s", "routes: []"))[0] as KubernetesObject);
  const failing = vi.spyOn(store, "get").mockImplementationOnce(() => {
    throw new Error("no memory");
  });
  expect(() => translator.translate(store)).toThrow("no memory");
  failing.mockRestore();
  const { table, problems } = translator.translate(store);
  const fresh = fromScratch([...store.list("IngressRoute"), ...store.list("Service")]);
  expect(JSON.stringify(table)).toBe(JSON.stringify(fresh.table));
  expect(problems).toEqual(fresh.problems);
});

describe("names that collide", () => {
  test("of routers and services do not lead to another's Pods", () => {
    // Both `x-a`/`b` and `x`/`a-b` make `x-a-b`.
    const of = (namespace: string, name: string, pod: string): string =>
      traefik(
        "IngressRoute",
        name,
        `routes: [{ match: 'Path(\`/\`)', services: [{ name: ${name}, port: 80 }] }]`,
        `, namespace: ${namespace}`,
      ) +
      services(name).replace(`name: ${name}`, `name: ${name}, namespace: ${namespace}`) +
      `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: ${name}, namespace: ${namespace}, labels: { kubernetes.io/service-name: ${name} } }\nports: [{ name: "", port: 80 }]\nendpoints: [{ addresses: [${pod}] }]\n`;
    const { table } = translateText(of("x-a", "b", "10.0.0.1") + of("x", "a-b", "10.0.0.2"));
    const pods = table.routers.map(({ tieBreaker, service }) => {
      const found = table.services[service];
      const endpoints = found?.type === "loadBalancer" ? table.endpoints[found.endpoints] : undefined;
      return [tieBreaker.split(" ")[2], endpoints?.endpoints[0]?.address];
    });
    expect(pods.sort()).toEqual([
      ["x-a/b", "10.0.0.1"],
      ["x/a-b", "10.0.0.2"],
    ]);
    expect(new Set(table.routers.map(({ name }) => name)).size).toBe(2);
  });
});

function ordered(changes: TableChanges): TableChanges {
  const sorted = structuredClone(changes);
  for (const part of tableParts) sorted[part].removed.sort();
  return sorted;
}

const keyOf = ({ kind, metadata }: KubernetesObject): string => `${kind} ${metadata.namespace}/${metadata.name}`;
