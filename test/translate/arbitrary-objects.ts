import * as fc from "fast-check";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { gatewayObject, gatewayObjects } from "./arbitrary-gateway-objects.ts";
import { secretObject, secretObjects } from "./arbitrary-secret-objects.ts";

interface Names {
  name: fc.Arbitrary<string>;
  meta: fc.Arbitrary<{ name: string; namespace: string }>;
}

const name = fc.constantFrom("a", "b", "a-b", "a.b");
/** Few names, so that objects meet: each other's services and middlewares. */
const few: Names = {
  name,
  meta: fc.record({ name, namespace: fc.constantFrom("default", "default", "default", "x", "x-a") }),
};
/** `x`/`a-b` and `x-a`/`b` make one name when joined. */
const colliding: Names = {
  name: fc.constantFrom("a-b", "b"),
  meta: fc.constantFrom({ namespace: "x", name: "a-b" }, { namespace: "x-a", name: "b" }),
};

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });

function objectNamed({ name, meta }: Names): fc.Arbitrary<KubernetesObject> {
  const serviceRef = fc.record({
    name,
    kind: fc.constantFrom("Service", "Service", "TraefikService"),
    port: fc.constantFrom(80, "http", 81),
    weight: maybe(fc.integer({ min: -1, max: 3 })),
    passHostHeader: maybe(fc.boolean()),
    sticky: maybe(fc.constant({ cookie: { name: "c" } })),
    strategy: maybe(fc.constantFrom("hrw", "wrr", "best")),
    healthCheck: maybe(fc.constantFrom({}, { interval: "1ns" })),
    middlewares: maybe(fc.array(fc.record({ name }), { maxLength: 1 })),
  });
  const refs = fc.array(serviceRef, { maxLength: 3 });
  const streamRefs = fc.array(
    fc.record({
      name,
      port: fc.constantFrom(80, 53, "http"),
      weight: maybe(fc.integer({ min: -1, max: 3 })),
      tls: maybe(fc.boolean()),
      nativeLB: maybe(fc.boolean()),
      serversTransport: maybe(name),
    }),
    { maxLength: 3 },
  );
  const traefikObject = (kind: string, spec: fc.Arbitrary<unknown>): fc.Arbitrary<KubernetesObject> =>
    fc.record({ apiVersion: fc.constant("traefik.io/v1alpha1"), kind: fc.constant(kind), metadata: meta, spec });

  return fc.oneof(
    traefikObject(
      "IngressRoute",
      fc.record({
        routes: fc.array(
          fc.record({
            match: fc.constantFrom("Host(`a.com`)", "PathPrefix(`/x`)", "Broken("),
            services: refs,
            middlewares: maybe(fc.array(fc.record({ name }), { maxLength: 2 })),
          }),
          { maxLength: 2 },
        ),
      }),
    ),
    traefikObject(
      "TraefikService",
      fc.oneof(
        fc.record({ weighted: fc.record({ services: refs }) }),
        fc.record({ failover: fc.record({ service: serviceRef, fallback: serviceRef }) }),
      ),
    ),
    traefikObject(
      "Middleware",
      fc.oneof(
        fc.record({ addPrefix: fc.record({ prefix: fc.constantFrom("/1", "/2") }) }),
        fc.record({ chain: fc.record({ middlewares: fc.array(fc.record({ name }), { maxLength: 2 }) }) }),
      ),
    ),
    traefikObject(
      "IngressRouteTCP",
      fc.record({
        entryPoints: maybe(fc.subarray(["web", "websecure", "dns"])),
        routes: fc.array(
          fc.record({
            match: fc.constantFrom("HostSNI(`*`)", "HostSNI(`a.com`)", "ClientIP(`::1`)", "Broken("),
            services: streamRefs,
            middlewares: maybe(fc.array(fc.record({ name }), { maxLength: 2 })),
          }),
          { maxLength: 2 },
        ),
        tls: maybe(fc.constantFrom({}, { passthrough: true })),
      }),
    ),
    traefikObject(
      "IngressRouteUDP",
      fc.record({
        entryPoints: maybe(fc.subarray(["web", "dns"])),
        routes: fc.array(fc.record({ services: streamRefs }), { maxLength: 2 }),
      }),
    ),
    traefikObject(
      "MiddlewareTCP",
      fc.constantFrom({ inFlightConn: { amount: 1 } }, { ipAllowList: { sourceRange: ["::/0"] } }, {}),
    ),
    traefikObject("ServersTransportTCP", fc.constantFrom({}, { dialTimeout: "1s" }, { proxyProtocol: {} }, { tls: 3 })),
    fc.record({
      apiVersion: fc.constant("networking.k8s.io/v1"),
      kind: fc.constant("Ingress"),
      metadata: meta,
      spec: fc.record({
        defaultBackend: fc.record({ service: fc.record({ name, port: fc.constant({ number: 80 }) }) }),
        rules: fc.array(fc.record({ host: fc.constantFrom("a.com", "b.com") }), { maxLength: 1 }),
      }),
    }),
    fc.record({
      apiVersion: fc.constant("v1"),
      kind: fc.constant("Service"),
      metadata: meta,
      spec: fc.constantFrom(
        { ports: [{ port: 80 }] },
        { ports: [{ port: 80, name: "http" }], clusterIP: "10.96.0.1" },
        { ports: [80, 53].flatMap((port) => ["TCP", "UDP"].map((protocol) => ({ port, protocol, name: "http" }))) },
      ),
    }),
    fc.record({
      apiVersion: fc.constant("discovery.k8s.io/v1"),
      kind: fc.constant("EndpointSlice"),
      metadata: fc
        .tuple(meta, name)
        .map(([one, service]) => ({ ...one, labels: { "kubernetes.io/service-name": service } })),
      ports: fc.constantFrom([{ name: "", port: 8080 }], [{ name: "http", port: 8080 }]),
      endpoints: fc.array(fc.record({ addresses: fc.constantFrom(["10.0.0.1"], ["10.0.0.2"]) }), { maxLength: 2 }),
    }),
  );
}

/** Two routes to Services of one joined name with different Pods, over a TraefikService and without. */
const inConflict: KubernetesObject[] = [
  { namespace: "x", name: "a-b", pod: "10.0.0.1" },
  { namespace: "x-a", name: "b", pod: "10.0.0.2" },
].flatMap(({ namespace, name, pod }) => {
  const metadata = { namespace, name };
  const services = [{ name, port: 80 }];
  const routes = [
    { match: "Host(`a.com`)", services },
    { match: "Host(`b.com`)", services: [{ name, kind: "TraefikService" }] },
  ];
  return [
    { apiVersion: "traefik.io/v1alpha1", kind: "IngressRoute", metadata, spec: { routes } },
    { apiVersion: "traefik.io/v1alpha1", kind: "TraefikService", metadata, spec: { weighted: { services } } },
    { apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ port: 80 }] } },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": name } },
      ports: [{ name: "", port: 8080 }],
      endpoints: [{ addresses: [pod] }],
    },
  ];
});

interface ObjectSet {
  title: string;
  /** What is there at first. */
  list: fc.Arbitrary<KubernetesObject[]>;
  /** What takes or joins the place of one of them. */
  object: fc.Arbitrary<KubernetesObject>;
}

export const objectSets: ObjectSet[] = [
  { title: "of few names", object: objectNamed(few), always: [], most: 14 },
  { title: "of colliding names", object: objectNamed(colliding), always: inConflict, most: 14 },
  { title: "of Gateway API", object: gatewayObject, always: gatewayObjects, most: 10 },
  { title: "with Secrets, and below each other", object: secretObject, always: secretObjects, most: 10 },
].map(({ title, object, always, most }) => ({
  title,
  object,
  list: fc.array(object, { maxLength: most }).map((list) => [...always, ...list]),
}));
