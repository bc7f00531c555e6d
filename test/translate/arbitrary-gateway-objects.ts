import * as fc from "fast-check";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import {
  backends,
  make,
  maybe,
  meta,
  name,
  namespace,
  secretsAndMaps,
  servicesAndPods,
  TRAEFIK,
  withSpec,
} from "./arbitrary-parts.ts";
import { objectsOf } from "./translate-text.ts";

const GATEWAY_API = "gateway.networking.k8s.io/v1";

const host = fc.constantFrom("*.a.com", "www.a.com", "b.com");

const parentRefs = fc.array(
  fc.record({ name, namespace: maybe(namespace), sectionName: maybe(fc.constantFrom("first", "tls")) }),
  { maxLength: 2 },
);
const backendRefs = fc.array(
  fc.record({ name, namespace: maybe(namespace), port: fc.constantFrom(80, 53), weight: maybe(fc.nat({ max: 2 })) }),
  { maxLength: 2 },
);
const hostnames = maybe(fc.array(host, { maxLength: 2 }));

const listener = fc.record({
  name: fc.constantFrom("first", "second", "tls"),
  port: fc.constantFrom(80, 443, 53),
  protocol: fc.constantFrom("HTTP", "HTTP", "HTTPS", "TLS", "TCP", "UDP"),
  hostname: maybe(host),
  tls: maybe(
    fc.record({
      mode: fc.constantFrom("Terminate", "Passthrough"),
      certificateRefs: fc.array(fc.record({ name, namespace: maybe(namespace) }), { maxLength: 1 }),
    }),
  ),
  allowedRoutes: maybe(
    fc.record({
      namespaces: fc.constantFrom(
        { from: "All" },
        { from: "Same" },
        { from: "Selector", selector: { matchLabels: { team: "a" } } },
      ),
    }),
  ),
});

const httpRule = fc.record({
  matches: maybe(
    fc.array(
      fc.constantFrom<object>(
        { path: { value: "/a" } },
        { method: "GET" },
        { path: { value: "no path" } },
        {
          headers: [{ name: "X", value: "1" }],
        },
      ),
      { maxLength: 2 },
    ),
  ),
  filters: maybe(
    fc.array(
      fc.oneof(
        fc.record({
          type: fc.constant("ExtensionRef"),
          extensionRef: fc.record({ group: fc.constant("traefik.io"), kind: fc.constant("Middleware"), name }),
        }),
        fc.record({
          type: fc.constant("RequestMirror"),
          requestMirror: fc.record({
            backendRef: fc.record({ name, namespace: maybe(namespace), port: fc.constant(80) }),
          }),
        }),
        fc.constant({ type: "RequestRedirect", requestRedirect: { scheme: "https" } }),
      ),
      { maxLength: 2 },
    ),
  ),
  backendRefs,
  timeouts: maybe(fc.constantFrom({ request: "1s" }, { request: "soon" })),
});

const route = (kind: string, rule: fc.Arbitrary<unknown>): fc.Arbitrary<KubernetesObject> =>
  make(
    GATEWAY_API.replace("v1", kind === "TCPRoute" || kind === "UDPRoute" ? "v1alpha2" : "v1"),
    kind,
    meta,
    withSpec(fc.record({ parentRefs, hostnames, rules: maybe(fc.array(rule, { maxLength: 2 })) })),
  );

/** Gateways, their routes, and what these refer to, in two namespaces with grants between them. */
export const gatewayObject: fc.Arbitrary<KubernetesObject> = fc.oneof(
  ...backends,
  make(
    GATEWAY_API,
    "GatewayClass",
    fc.record({ name: fc.constantFrom("traefik", "other") }),
    withSpec(
      fc.constantFrom({ controllerName: "traefik.io/gateway-controller" }, { controllerName: "else.example/c" }),
    ),
  ),
  make(
    GATEWAY_API,
    "Gateway",
    meta,
    withSpec(
      fc.record({
        gatewayClassName: fc.constantFrom("traefik", "traefik", "other"),
        listeners: fc.array(listener, { minLength: 1, maxLength: 3 }),
      }),
    ),
  ),
  route("HTTPRoute", httpRule),
  route("HTTPRoute", httpRule),
  route("GRPCRoute", fc.record({ matches: maybe(fc.constantFrom([{ method: { service: "s" } }], [{}])), backendRefs })),
  ...["TLSRoute", "TCPRoute", "UDPRoute"].map((kind) => route(kind, fc.record({ backendRefs }))),
  make(
    GATEWAY_API,
    "ReferenceGrant",
    meta,
    withSpec(
      fc.record({
        from: fc.array(
          fc.record({
            group: fc.constant("gateway.networking.k8s.io"),
            kind: fc.constantFrom("HTTPRoute", "TCPRoute", "Gateway"),
            namespace,
          }),
          { maxLength: 2 },
        ),
        to: fc.array(
          fc.record({ group: fc.constant(""), kind: fc.constantFrom("Service", "Secret"), name: maybe(name) }),
          { maxLength: 2 },
        ),
      }),
    ),
  ),
  make(
    GATEWAY_API,
    "BackendTLSPolicy",
    fc.record({ namespace, name, creationTimestamp: maybe(fc.constantFrom("2026-01-01T00:00:00Z")) }),
    withSpec(
      fc.record({
        targetRefs: fc.array(
          fc.record({
            group: fc.constant(""),
            kind: fc.constant("Service"),
            name,
            sectionName: maybe(fc.constant("web")),
          }),
          { maxLength: 2 },
        ),
        validation: fc.constantFrom(
          { hostname: "a.com", wellKnownCACertificates: "System" },
          { hostname: "a.com", caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "a" }] },
          { hostname: "a.com", caCertificateRefs: [{ group: "", kind: "Secret", name: "b" }] },
        ),
      }),
    ),
  ),
  make(
    "v1",
    "Namespace",
    fc.record({ name: namespace, labels: fc.constantFrom({ team: "a" }, { team: "b" }) }),
    fc.constant({}),
  ),
  make(
    TRAEFIK,
    "Middleware",
    meta,
    withSpec(fc.constantFrom<object>({ addPrefix: { prefix: "/1" } }, { nothing: {} })),
  ),
  ...[0, 1].map(() => secretsAndMaps()),
);

const gatewayRoute = (kind: string, namespace: string, listener: string, more = ""): string => `---
apiVersion: ${GATEWAY_API}${kind === "TCPRoute" || kind === "UDPRoute" ? "alpha2" : ""}
kind: ${kind}
metadata: { namespace: ${namespace}, name: a }
spec: { parentRefs: [{ name: a, namespace: default, sectionName: ${listener} }], rules: [{ backendRefs: [{ name: a, namespace: default, port: ${kind === "UDPRoute" ? 53 : 80} }] }]${more} }
`;

/** A Gateway that is served, with a route of each kind. */
export const gatewayObjects: KubernetesObject[] = objectsOf(
  `${servicesAndPods}---
apiVersion: ${GATEWAY_API}
kind: GatewayClass
metadata: { name: traefik }
spec: { controllerName: traefik.io/gateway-controller }
---
apiVersion: ${GATEWAY_API}
kind: Gateway
metadata: { namespace: default, name: a }
spec:
  gatewayClassName: traefik
  listeners:
    - { name: first, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }
    - { name: second, port: 80, protocol: HTTP, hostname: "*.a.com", allowedRoutes: { namespaces: { from: Selector, selector: { matchLabels: { team: a } } } } }
    - { name: tls, port: 443, protocol: TLS, tls: { mode: Terminate, certificateRefs: [{ name: a, namespace: x }] }, allowedRoutes: { namespaces: { from: All } } }
    - { name: https, port: 443, protocol: HTTPS, tls: { certificateRefs: [{ name: a, namespace: x }] } }
    - { name: tcp, port: 80, protocol: TCP }
    - { name: udp, port: 53, protocol: UDP, allowedRoutes: { namespaces: { from: All } } }
---
apiVersion: ${GATEWAY_API}
kind: ReferenceGrant
metadata: { namespace: default, name: b }
spec: { from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: x }], to: [{ group: "", kind: Service }] }
---
apiVersion: ${GATEWAY_API}
kind: ReferenceGrant
metadata: { namespace: x, name: a }
spec: { from: [{ group: gateway.networking.k8s.io, kind: Gateway, namespace: default }], to: [{ group: "", kind: Secret }] }
---
apiVersion: v1
kind: Namespace
metadata: { name: x, labels: { team: a } }
${gatewayRoute("HTTPRoute", "default", "first")}${gatewayRoute("HTTPRoute", "x", "second")}${gatewayRoute("GRPCRoute", "default", "https")}${gatewayRoute("TLSRoute", "x", "tls", ", hostnames: [www.a.com]")}${gatewayRoute("TCPRoute", "default", "tcp")}${gatewayRoute("UDPRoute", "x", "udp")}`,
);
