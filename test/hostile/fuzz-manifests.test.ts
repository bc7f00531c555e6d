import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Service } from "../../src/table/service.ts";
import { type Table, tableSchema } from "../../src/table/table.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { fuzzRuns } from "./fuzz-runs.ts";
import { type Mutation, mutationOf, placesIn } from "./hostile-values.ts";
import { soundObjects } from "./sound-manifests.ts";

const settings = () => {
  const made = defaultSettings();
  for (const [index, name] of ["mongo", "mysql", "mysql-ep", "dns-tcp"].entries()) {
    made.relayEntryPoints[name] = { protocol: "tcp", host: "", port: 10_000 + index };
  }
  for (const [index, name] of ["dns", "dns-ep", "udpep"].entries()) {
    made.relayEntryPoints[name] = { protocol: "udp", host: "", port: 10_000 + index };
  }
  made.crd.allowCrossNamespace = true;
  made.crd.allowExternalNameServices = true;
  return made;
};
/** Warm: what an object's mutation does not touch is not translated again. */
const translator = createTranslator(settings());
const names = [...new Set(soundObjects.map(({ metadata }) => metadata.name))];

interface Edit {
  index: number;
  /** Taken modulo the places that there are when its turn comes. */
  place: number;
  mutation: Mutation;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  index: fc.nat(soundObjects.length - 1),
  place: fc.nat(),
  mutation: mutationOf(names),
});

/** A source checks metadata before anyone reads it; the rest is as hostile as its author. */
const isFree = ([field]: readonly (string | number)[]): boolean =>
  field !== "metadata" && field !== "kind" && field !== "apiVersion";

function mutate(edits: readonly Edit[]): KubernetesObject[] {
  const objects = [...soundObjects];
  for (const { index, place, mutation } of edits) {
    const object = objects[index];
    if (object === undefined) continue;
    const copy = object === soundObjects[index] ? structuredClone(object) : object;
    const places = placesIn(copy).filter(isFree);
    const chosen = places[place % Math.max(1, places.length)];
    if (chosen === undefined) continue;
    mutation(copy, chosen);
    objects[index] = copy;
  }
  return objects;
}

/** A router with all that it leads to in place of names, so that it compares with its other self by what it does. */
function meaningOf(table: Table, name: string): unknown {
  const router = table.routers.find((one) => one.name === name);
  if (router === undefined) return undefined;
  const expand = (service: string, seen: readonly string[]): unknown => {
    const found: Service | undefined = table.services[service];
    if (found === undefined || seen.includes(service)) return "none";
    const inner = (child: string) => expand(child, [...seen, service]);
    switch (found.type) {
      case "weighted":
        return { ...found, children: found.children.map((child) => ({ ...child, service: inner(child.service) })) };
      case "mirroring":
        return {
          ...found,
          service: inner(found.service),
          mirrors: found.mirrors.map((mirror) => ({ ...mirror, service: inner(mirror.service) })),
        };
      case "failover":
        return { ...found, service: inner(found.service), fallback: inner(found.fallback) };
      case "filtered":
        return { ...found, middlewares: found.middlewares.map(middleware), service: inner(found.service) };
      case "loadBalancer":
        return { ...found, endpoints: table.endpoints[found.endpoints] };
      case "status":
        return found;
    }
  };
  const middleware = (key: string): unknown => {
    const found = table.middlewares[key];
    return found?.type === "chain" ? found.middlewares.map(middleware) : found;
  };
  const { service, middlewares, ...rest } = router;
  return { ...rest, service: expand(service, []), middlewares: middlewares.map(middleware) };
}

const base = translator.translate(createObjectStore(soundObjects)).table;
const meanings = new Map(base.routers.map(({ name }) => [name, JSON.stringify(meaningOf(base, name))]));

/** A policy for a part of its targets is for all of them once it does not name the part. */
const widen = (object: KubernetesObject): KubernetesObject =>
  JSON.parse(JSON.stringify(object, (key, value) => (key === "sectionName" ? undefined : value)));

/**
 * For each object, the routers that do without it: to them it is all one whether it is there, whether it says anything, and
 * whether it says which part of a target it means.
 */
const bystanders = soundObjects.map((object, index) => {
  const { apiVersion, kind, metadata } = object;
  const without = soundObjects.filter((other) => other !== object);
  const others = [{ apiVersion, kind, metadata }, widen(object)].map((other) => soundObjects.with(index, other));
  return [without, ...others].reduce(
    (routers, objects) => {
      const { table } = translator.translate(createObjectStore(objects));
      return routers.filter(([name, meaning]) => JSON.stringify(meaningOf(table, name)) === meaning);
    },
    [...meanings],
  );
});

describe("objects that are not what their kind says", () => {
  it("are translated without an exception to a table that is sound", () => {
    expect(base.routers.length).toBeGreaterThan(20);
    expect(base.tcpRouters.length).toBeGreaterThan(3);
    expect(base.udpRouters.length).toBeGreaterThan(1);
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const { table, problems } = translator.translate(createObjectStore(mutate(edits)));
        expect(problems.filter(({ code }) => code === "internal-error").map(({ message }) => message)).toEqual([]);
        expect(tableSchema.safeParse(table).success).toBe(true);
        for (const { service, middlewares, closedBy } of table.routers) {
          expect(Object.hasOwn(table.services, service)).toBe(true);
          if (closedBy === undefined)
            for (const name of middlewares) expect(Object.hasOwn(table.middlewares, name)).toBe(true);
        }
        for (const { service, middlewares } of table.tcpRouters) {
          expect(Object.hasOwn(table.tcpServices, service)).toBe(true);
          for (const name of middlewares) expect(Object.hasOwn(table.tcpMiddlewares, name)).toBe(true);
        }
        for (const { service } of table.udpRouters) expect(Object.hasOwn(table.udpServices, service)).toBe(true);
        for (const { message, hint = "" } of problems) expect(message.length + hint.length).toBeLessThan(2_000);
      }),
      fuzzRuns(400),
    );
  });

  it("change nothing for routes that do without them", () => {
    fc.assert(
      fc.property(edit, fc.array(edit, { maxLength: 2 }), (first, more) => {
        const edits = [first, ...more.map((other) => ({ ...other, index: first.index }))];
        const { table } = translator.translate(createObjectStore(mutate(edits)));
        for (const [name, meaning] of bystanders[first.index] ?? []) {
          expect(JSON.stringify(meaningOf(table, name))).toBe(meaning);
        }
      }),
      fuzzRuns(200),
    );
  });

  it("are reported, not thrown, even when they hold themselves", () => {
    for (const [index, object] of soundObjects.entries()) {
      const copy = structuredClone(object);
      for (const [key, value] of Object.entries(copy)) {
        if (isFree([key]) && typeof value === "object" && value !== null)
          Object.assign(value, { self: value, routes: [value], services: [value] });
      }
      const { table } = translator.translate(createObjectStore(soundObjects.with(index, copy)));
      for (const [name, meaning] of bystanders[index] ?? []) {
        expect(JSON.stringify(meaningOf(table, name))).toBe(meaning);
      }
    }
  });
});
