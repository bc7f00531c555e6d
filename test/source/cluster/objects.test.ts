import { describe, expect, test } from "vitest";
import { hasLostEndpoint } from "../../../sync-agent/source/cluster/lost-endpoint.ts";
import { ObjectCache } from "../../../sync-agent/source/cluster/object-cache.ts";
import { readItem } from "../../../sync-agent/source/cluster/read-item.ts";
import type { Resource } from "../../../sync-agent/source/cluster/resource.ts";
import { isOlder, mayFollow } from "../../../sync-agent/source/cluster/resource-version.ts";
import { isNamespaced, kindChoices } from "../../../sync-agent/source/known-kinds.ts";
import type { Kind } from "../../../sync-agent/source/kubernetes-object.ts";
import { route, slice } from "./follow-cluster.ts";

const resource = (kind: Kind, apiVersion: string): Resource => ({
  kind,
  apiVersion,
  plural: `${kind.toLowerCase()}s`,
  isNamespaced: isNamespaced(kind),
});
const routes = resource("IngressRoute", "traefik.io/v1alpha1");
const meta = { name: "a", namespace: "n", uid: "u", resourceVersion: "5", creationTimestamp: "2026-01-01T00:00:00Z" };
const bookkeeping = {
  managedFields: [{ manager: "kubectl" }],
  annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", mine: "x" },
  labels: { app: "a" },
  finalizers: ["f"],
};

describe("trimming", () => {
  const kept: [kind: Kind, apiVersion: string, given: object, object: object][] = [
    [
      "IngressRoute",
      "traefik.io/v1alpha1",
      {
        apiVersion: "traefik.io/v1alpha1",
        kind: "IngressRoute",
        metadata: { ...meta, ...bookkeeping, generation: 2 },
        spec: { a: [1] },
        status: {},
      },
      {
        metadata: { ...meta, generation: 2, labels: { app: "a" }, annotations: { mine: "x" } },
        spec: { a: [1] },
        status: {},
      },
    ],
    [
      "Service",
      "v1",
      {
        metadata: {
          ...meta,
          ...bookkeeping,
          annotations: {
            "traefik.ingress.kubernetes.io/service.sticky": "true",
            "sluice.dev/tcp-strategy": "wrr",
            b: "c",
          },
        },
        spec: {
          type: "ClusterIP",
          clusterIP: "10.0.0.1",
          selector: { app: "a" },
          ports: [{ name: "h", port: 80, targetPort: 8080, nodePort: 1 }],
        },
        status: { loadBalancer: {} },
      },
      {
        metadata: {
          name: "a",
          namespace: "n",
          uid: "u",
          annotations: { "traefik.ingress.kubernetes.io/service.sticky": "true", "sluice.dev/tcp-strategy": "wrr" },
        },
        spec: { type: "ClusterIP", clusterIP: "10.0.0.1", ports: [{ name: "h", port: 80 }] },
      },
    ],
    ["Service", "v1", { metadata: meta, spec: 7 }, { metadata: { name: "a", namespace: "n", uid: "u" }, spec: 7 }],
    [
      "Secret",
      "v1",
      { metadata: { ...meta, ...bookkeeping }, type: "Opaque", data: { k: "dg==" }, immutable: true },
      { metadata: { name: "a", namespace: "n" }, type: "Opaque", data: { k: "dg==" } },
    ],
    [
      "EndpointSlice",
      "discovery.k8s.io/v1",
      slice("s", "web", {
        "10.0.0.1": { ready: true },
        "10.0.0.2": { ready: false, serving: true, terminating: true },
      }),
      {
        metadata: { name: "s", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
        addressType: "IPv4",
        ports: [{ name: "http", port: 8080, protocol: "TCP" }],
        endpoints: [
          { addresses: ["10.0.0.1"], conditions: { ready: true } },
          { addresses: ["10.0.0.2"], conditions: { ready: false, serving: true, terminating: true } },
        ],
      },
    ],
    [
      "EndpointSlice",
      "discovery.k8s.io/v1",
      { metadata: meta, ports: null, endpoints: [7, { addresses: "x", conditions: { ready: "no" } }, {}] },
      {
        metadata: { name: "a", namespace: "n" },
        ports: null,
        endpoints: [7, { addresses: "x", conditions: { ready: "no" } }, {}],
      },
    ],
    [
      "Endpoints",
      "v1",
      {
        metadata: meta,
        subsets: [
          {
            addresses: [{ ip: "10.0.0.1", nodeName: "n" }],
            notReadyAddresses: [{ ip: "10.0.0.2" }],
            ports: [{ port: 1 }],
          },
        ],
      },
      { metadata: { name: "a", namespace: "n" }, subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 1 }] }] },
    ],
    [
      "Namespace",
      "v1",
      { metadata: { name: "a", labels: { team: "b" } }, status: {} },
      { metadata: { name: "a", labels: { team: "b" } } },
    ],
  ];
  test.each(kept)("%s of %s keeps what is read of it", (kind, apiVersion, given, object) => {
    expect(readItem(given, resource(kind, apiVersion))).toEqual({
      object: { apiVersion, kind, ...object },
      resourceVersion: expect.any(String),
    });
  });
});

describe("what is not kept", () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  const refused: [name: string, given: unknown, code: string][] = [
    ["no object", 7, "not-an-object"],
    ["null", null, "not-an-object"],
    ["no metadata", { spec: {} }, "not-an-object"],
    ["a name with a NUL", { metadata: { ...meta, name: "a\0b" } }, "not-an-object"],
    ["a name with a slash", { metadata: { ...meta, name: "a/b" } }, "not-an-object"],
    ["no namespace", { metadata: { name: "a" } }, "not-an-object"],
    ["another kind", { kind: "Middleware", metadata: meta }, "not-an-object"],
    ["a label that is a number", { metadata: { ...meta, labels: { a: 1 } } }, "invalid-field"],
    ["annotations that are a list", { metadata: { ...meta, annotations: ["a"] } }, "invalid-field"],
    ["1 MiB", { metadata: meta, spec: { text: "x".repeat(1024 * 1024) } }, "object-too-large"],
    ["1 MiB in many pieces", { metadata: meta, spec: { list: Array(300_000).fill(1) } }, "object-too-large"],
    [
      "1 MiB of keys",
      { metadata: meta, spec: Object.fromEntries(Array.from({ length: 120_000 }, (_, n) => [`k${n}`, 1])) },
      "object-too-large",
    ],
    ["a thousand levels", { metadata: meta, spec: deep(1_000) }, "object-too-large"],
    [
      "a hundred thousand levels",
      { metadata: meta, spec: JSON.parse("[".repeat(1e5) + "]".repeat(1e5)) },
      "object-too-large",
    ],
  ];
  test.each(refused)("%s", (_, given, code) => {
    expect(readItem(given, routes)).toMatchObject({ problem: { code, object: { kind: "IngressRoute" } } });
  });

  test("an object that outgrows the limit goes, and is back when it is small again", () => {
    const cache = new ObjectCache();
    cache.put({ metadata: meta, spec: {} }, routes);
    const large = { metadata: { ...meta, resourceVersion: "6" }, spec: { text: "x".repeat(1024 * 1024) } };
    expect(cache.put(large, routes)).toMatchObject({ old: { metadata: { name: "a" } }, now: undefined });
    expect([...cache.problems()]).toHaveLength(1);
    cache.put({ metadata: { ...meta, resourceVersion: "7" }, spec: {} }, routes);
    expect([[...cache.problems()].length, cache.size]).toEqual([0, 1]);
  });
});

describe("a cache", () => {
  test("keeps the identity of what has not changed, through events and lists", () => {
    const cache = new ObjectCache();
    cache.put({ metadata: meta, spec: { a: 1 } }, routes);
    const object = cache.get("n\0a");
    expect(cache.put({ metadata: meta, spec: { a: 1 } }, routes)).toBeUndefined();
    const listing = cache.beginListing(routes);
    listing.add({ metadata: meta, spec: { a: 1 } });
    expect(listing.complete()).toEqual([]);
    expect(cache.get("n\0a")).toBe(object);
  });

  test("a list finds a change under the same version, and what went", () => {
    const cache = new ObjectCache();
    cache.put({ metadata: meta, spec: { a: 1 } }, routes);
    cache.put({ metadata: { ...meta, name: "b" }, spec: {} }, routes);
    const listing = cache.beginListing(routes);
    listing.add({ metadata: meta, spec: { a: 2 } });
    expect(cache.get("n\0a")).toMatchObject({ spec: { a: 1 } });
    expect(listing.complete()).toMatchObject([
      { old: { metadata: { name: "b" } }, now: undefined },
      { old: { spec: { a: 1 } }, now: { spec: { a: 2 } } },
    ]);
  });

  test("an event that is older than the object changes nothing", () => {
    const cache = new ObjectCache();
    cache.put({ metadata: { ...meta, resourceVersion: "10" }, spec: { a: 1 } }, routes);
    expect(cache.put({ metadata: { ...meta, resourceVersion: "9" }, spec: { a: 0 } }, routes)).toBeUndefined();
    expect(cache.remove({ metadata: { ...meta, resourceVersion: "9" } }, "9")).toBeUndefined();
    expect(cache.get("n\0a")).toMatchObject({ spec: { a: 1 } });
  });
});

test.each([
  ["9", "10", true],
  ["10", "9", false],
  ["10", "10", false],
  ["18446744073709551614", "18446744073709551615", true],
  ["abc", "10", false],
  ["", "10", false],
])("version %s is older than %s: %s", (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});

test.each([
  ["11", "10", true],
  ["10", "10", true],
  ["9", "10", false],
  ["abc", "10", false],
  ["abc", "abb", true],
])("a watch goes to version %s after %s: %s", (version, after, expected) => {
  expect(mayFollow(version, after)).toBe(expected);
});

describe("an endpoint is lost", () => {
  const two = slice("s", "web", { "10.0.0.1": { ready: true }, "10.0.0.2": {} });
  test.each([
    ["when the slice is gone", undefined, true],
    ["when it is gone", slice("s", "web", { "10.0.0.1": {} }), true],
    ["when it is not ready", slice("s", "web", { "10.0.0.1": { ready: false }, "10.0.0.2": {} }), true],
    ["when it terminates", slice("s", "web", { "10.0.0.1": { terminating: true }, "10.0.0.2": {} }), true],
    ["not when one comes", slice("s", "web", { "10.0.0.1": {}, "10.0.0.2": {}, "10.0.0.3": {} }), false],
    ["not when nothing changes", two, false],
  ])("%s", (_, now, expected) => {
    expect(hasLostEndpoint(two, now)).toBe(expected);
  });
  test("not by a route", () => expect(hasLostEndpoint(route("a"), undefined)).toBe(false));
  test("not where none was ready", () => {
    expect(hasLostEndpoint(slice("s", "web", { "10.0.0.1": { ready: false } }), undefined)).toBe(false);
  });
  test("by Endpoints", () => {
    const endpoints = {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name: "a" },
      subsets: [{ addresses: [{ ip: "10.0.0.1" }] }],
    };
    expect(hasLostEndpoint(endpoints, { ...endpoints, subsets: [] })).toBe(true);
  });
});

test("the best version of a kind is taken, and both of Traefik's groups", () => {
  const versions = (kind: Kind): (readonly string[])[] =>
    kindChoices()
      .filter((choice) => choice.kind === kind)
      .map(({ apiVersions }) => apiVersions);
  expect(versions("TLSRoute")).toEqual([
    ["v1", "v1alpha3", "v1alpha2"].map((version) => `gateway.networking.k8s.io/${version}`),
  ]);
  expect(versions("Ingress")).toEqual([["networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"]]);
  expect(versions("Middleware")).toEqual([["traefik.io/v1alpha1"], ["traefik.containo.us/v1alpha1"]]);
});
