import { describe, expect, it } from "vitest";
import { toGatewayTable } from "../../cli/dev/gateway-table.ts";
import { makeService, makeSlices, portsOf, servicesWithoutEndpoints } from "../../cli/dev/stand-in-objects.ts";
import { tlsSecrets } from "../../cli/dev/tls-secrets.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { LoadBalancer } from "../../src/table/service.ts";
import type { Table } from "../../src/table/table.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";

const object = (apiVersion: string, kind: string, name: string, rest: object = {}): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: "default" },
  ...rest,
});
const service = (name: string, spec: object = { ports: [{ port: 80 }] }): KubernetesObject =>
  object("v1", "Service", name, { spec });

describe("servicesWithoutEndpoints", () => {
  it("leaves alone what has slices (empty ones too), Endpoints, or a name elsewhere", () => {
    const slice = object("discovery.k8s.io/v1", "EndpointSlice", "sliced-1", { endpoints: [] });
    slice.metadata.labels = { "kubernetes.io/service-name": "sliced" };
    const store = createObjectStore([
      service("alone"),
      service("odd", { ports: "none" }),
      service("sliced"),
      slice,
      service("legacy"),
      object("v1", "Endpoints", "legacy"),
      service("external", { type: "ExternalName", externalName: "example.com" }),
    ]);
    expect(servicesWithoutEndpoints(store).map(({ metadata }) => metadata.name)).toEqual(["alone", "odd"]);
  });
});

describe("made-up Services", () => {
  it.each([
    [["80"], [{ name: "port-80", port: 80 }]],
    [
      ["8080", "http"],
      [
        { name: "port-8080", port: 8080 },
        { name: "http", port: 80 },
      ],
    ],
    [
      ["80", "http", "admin"],
      [
        { name: "port-80", port: 80 },
        { name: "http", port: 8080 },
        { name: "admin", port: 8000 },
      ],
    ],
    [[""], [{ name: "http", port: 80 }]],
  ])("keep the ports by which they are used: %j", (used, ports) => {
    expect(portsOf(makeService("default", "app", used))).toEqual(ports);
  });

  it("have one slice for each Pod, with every port of the Service", () => {
    const made = service("app", { ports: [{ name: "a", port: 1 }, { port: 2 }, { port: "three" }] });
    const slices = makeSlices(made, [
      { name: "app-1", port: 4001 },
      { name: "app-2", port: 4002 },
    ]);
    const store = createObjectStore([made, ...slices]);
    expect(store.endpointSlices("default", "app").map(({ ports }) => ports)).toEqual([
      [
        { name: "a", port: 4001, protocol: "TCP" },
        { name: "", port: 4001, protocol: "TCP" },
      ],
      [
        { name: "a", port: 4002, protocol: "TCP" },
        { name: "", port: 4002, protocol: "TCP" },
      ],
    ]);
    expect(servicesWithoutEndpoints(store)).toEqual([]);
  });
});

describe("the gateway's table", () => {
  const pointer = { publisher: "dev", epoch: 1, generation: 2, root: "r" };
  const backend = (endpoints: string, scheme: LoadBalancer["scheme"]): LoadBalancer => ({
    type: "loadBalancer",
    endpoints,
    scheme,
    passHostHeader: true,
    transport: "gateway",
  });
  const at = (...ports: number[]) => ({
    endpoints: ports.map((port) => ({ address: "127.0.0.1", port, state: "ready" as const })),
  });
  const table = (services: Table["services"], endpoints: Table["endpoints"]): Table => ({
    ...emptyTable(),
    services,
    endpoints,
  });

  it("speaks plain HTTP to stand-ins, and to nobody else", () => {
    const now = table(
      { made: backend("made", "https"), real: backend("real", "https"), none: backend("none", "h2c") },
      { made: at(4001, 4002), real: at(4001, 443), none: at() },
    );
    const { services } = toGatewayTable(now, undefined, pointer, new Set([4001, 4002]));
    expect(services).toEqual({ ...now.services, made: backend("made", "http") });
  });

  it("keeps what the table before had, but never its endpoints for a name that is still used", () => {
    const before = table({ a: backend("a", "http"), gone: backend("gone", "http") }, { a: at(1, 2), gone: at(3) });
    const now = table({ a: backend("a", "http") }, { a: at(2) });
    const { services, endpoints } = toGatewayTable(now, before, pointer, new Set());
    expect(Object.keys(services).sort()).toEqual(["a", "gone"]);
    expect(endpoints).toEqual({ a: at(2), gone: at(3) });
  });
});

describe("tlsSecrets", () => {
  const secret = (name: string, stringData: object = { "tls.crt": `${name} crt`, "tls.key": `${name} key` }) =>
    object("v1", "Secret", name, { stringData });
  const traefik = "traefik.io/v1alpha1";

  it("finds those that routes name, each once", () => {
    const store = createObjectStore([
      ...["route", "store", "ingress", "gateway", "unused"].map((name) => secret(name)),
      secret("incomplete", { "tls.crt": "crt" }),
      object(traefik, "IngressRoute", "a", { spec: { tls: { secretName: "route" } } }),
      object(traefik, "IngressRoute", "b", { spec: { tls: { secretName: "route" } } }),
      object(traefik, "IngressRoute", "c", { spec: { tls: { secretName: "incomplete" } } }),
      object(traefik, "IngressRoute", "d", { spec: { tls: { secretName: "absent" } } }),
      object(traefik, "IngressRoute", "e", { spec: { tls: "nonsense" } }),
      object(traefik, "TLSStore", "default", { spec: { defaultCertificate: { secretName: "store" } } }),
      object("networking.k8s.io/v1", "Ingress", "i", { spec: { tls: [{ secretName: "ingress" }, null, 1] } }),
      object("gateway.networking.k8s.io/v1", "Gateway", "g", {
        spec: { listeners: [{ tls: { certificateRefs: [{ name: "gateway" }] } }, { tls: {} }] },
      }),
    ]);
    expect(tlsSecrets(store).map(({ cert }) => cert)).toEqual(["route crt", "store crt", "ingress crt", "gateway crt"]);
  });
});
