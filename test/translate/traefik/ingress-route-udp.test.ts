import { describe, expect, test } from "vitest";
import { linesOf, traefik } from "../translate-text.ts";
import { backends, translateStreams, udpRoute } from "./stream-text.ts";

const resolver = backends("UDP", 53, "resolver", "other");
const toResolver = "[{ services: [{ name: resolver, port: 53 }] }]";
const name = "default-dns-0@kubernetescrd";

describe("a route of datagrams", () => {
  test("becomes a router with all that it needs", () => {
    const { table, problems } = translateStreams(udpRoute(toResolver) + resolver);
    expect(problems).toEqual([]);
    expect(table.udpRouters).toEqual([
      { name, entryPoints: ["dns"], tieBreaker: "1 ~ default/dns IngressRouteUDP 00000", service: name },
    ]);
    expect(table.udpServices).toEqual({ [name]: { type: "loadBalancer", endpoints: "default-resolver-53-udp" } });
    expect(table.relayEndpoints).toEqual({
      "default-resolver-53-udp": {
        endpoints: [{ address: "10.0.0.1", port: 53, state: "ready" }],
        clusterIp: { address: "10.96.0.1", port: 53 },
      },
    });
    expect(table.relayEntryPoints.dns).toEqual({ protocol: "udp", host: "", port: 53 });
  });

  test("is read of both API groups", () => {
    const text = udpRoute(toResolver).replace("traefik.io", "traefik.containo.us");
    expect(translateStreams(text + resolver).table.udpRouters).toHaveLength(1);
  });

  test("names no entry point: all of UDP", () => {
    const { table, problems } = translateStreams(udpRoute(toResolver, "") + resolver);
    expect(problems).toEqual([]);
    expect(table.udpRouters[0]?.entryPoints).toEqual(["dns", "game"]);
  });

  test("with weights and the Service's own address", () => {
    const services =
      "[{ services: [{ name: resolver, port: 53, weight: 2 }, { name: other, port: 53, nativeLB: true, weight: 0 }] }]";
    const { table, problems } = translateStreams(udpRoute(services) + resolver);
    expect(problems).toEqual([]);
    const weighted = table.udpServices[name];
    expect(weighted).toMatchObject({ type: "weighted", children: [{ weight: 2 }, { weight: 0 }] });
    expect(new Set(Object.keys(table.relayEndpoints))).toEqual(
      new Set(["default-resolver-53-udp", "default-other-53-udp-native"]),
    );
  });

  test("a Service that has the port for both protocols", () => {
    const both = `---
apiVersion: v1
kind: Service
metadata: { name: both }
spec: { ports: [{ name: tcp, port: 53 }, { name: udp, port: 53, protocol: UDP }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: both-1, labels: { kubernetes.io/service-name: both } }
ports: [{ name: tcp, port: 1053 }, { name: udp, port: 1054, protocol: UDP }]
endpoints: [{ addresses: [10.0.0.9] }]
`;
    const tcp = traefik(
      "IngressRouteTCP",
      "dns",
      'entryPoints: [mongo]\nroutes: [{ match: "HostSNI(`*`)", services: [{ name: both, port: 53 }] }]',
    );
    const { table, problems } = translateStreams(tcp + udpRoute("[{ services: [{ name: both, port: 53 }] }]") + both);
    expect(problems).toEqual([]);
    expect(table.relayEndpoints).toEqual({
      "default-both-53": { endpoints: [{ address: "10.0.0.9", port: 1053, state: "ready" }] },
      "default-both-53-udp": { endpoints: [{ address: "10.0.0.9", port: 1054, state: "ready" }] },
    });
  });
});

describe("what is wrong with it", () => {
  const path = "spec.routes.0.services.0";
  test.each([
    ["[{ services: [{ name: x, port: 53 }] }]", `error service-not-found IngressRouteUDP/dns ${path}.name`],
    ["[{ services: [{ name: resolver, port: 54 }] }]", `error service-port-not-found IngressRouteUDP/dns ${path}.port`],
    ["[{ services: [{ name: tcp, port: 80 }] }]", `error service-port-not-found IngressRouteUDP/dns ${path}.port`],
    ["[{ services: [] }]", "error invalid-field IngressRouteUDP/dns spec.routes.0"],
    ["[{}]", "error invalid-field IngressRouteUDP/dns spec.routes.0"],
  ])("%s", (routes, line) => {
    const result = translateStreams(udpRoute(routes) + resolver + backends("TCP", 80, "tcp"));
    expect(linesOf(result)).toEqual([line]);
    expect(result.table.udpRouters).toMatchObject([{ service: "unavailable@internal" }]);
    expect(result.table.udpServices).toEqual({ "unavailable@internal": { type: "weighted", children: [] } });
  });

  test.each([
    ["entryPoints: [web]", "entry-point-protocol"],
    ["entryPoints: [dnss]", "entry-point-not-found"],
  ])("%s", (entryPoints, code) => {
    const result = translateStreams(udpRoute(toResolver, entryPoints) + resolver);
    expect(linesOf(result)).toEqual([`error ${code} IngressRouteUDP/dns spec.entryPoints.0`]);
    expect(result.table.udpRouters).toEqual([]);
  });

  test("no entry point is of UDP", () => {
    const result = translateStreams(udpRoute(toResolver, "") + resolver, ({ relayEntryPoints }) => {
      delete relayEntryPoints.dns;
      delete relayEntryPoints.game;
    });
    expect(linesOf(result)).toEqual(["error entry-point-not-found IngressRouteUDP/dns spec.entryPoints"]);
  });

  test("misplaced fields are told where they belong", () => {
    const { problems } = translateStreams(
      udpRoute('[{ match: "HostSNI(`*`)", services: [{ name: resolver, port: 53 }] }]') + resolver,
    );
    expect(problems).toMatchObject([{ code: "misplaced-field", hint: expect.stringContaining("UDP has no rules") }]);
  });

  test.each(["[]", "x", "{ routes: 3 }", "{ routes: [null] }"])(
    "whatever it holds, it costs only itself: %s",
    (spec) => {
      const text = traefik("IngressRouteUDP", "t", spec) + udpRoute(toResolver) + resolver;
      const { table, problems } = translateStreams(text);
      expect(problems.every(({ code, object }) => code === "invalid-field" && object.name === "t")).toBe(true);
      expect(table.udpRouters).toHaveLength(1);
    },
  );
});
