import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { parseManifests } from "../../sync-agent/source/parse-manifests.ts";
import { translators } from "../../sync-agent/translate/registry.ts";

const root = join(import.meta.dirname, "../..");

/** The manifests that people are shown: the examples and the articles', each file's text. */
export const soundTexts: readonly string[] = ["examples", "test/fixtures/articles"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.ya?ml$/.test(file))
    .sort()
    .map((file) => readFileSync(join(root, folder, file), "utf8")),
);

/** What no example uses, or not with all its fields. */
const rest = `
apiVersion: traefik.io/v1alpha1
kind: ServersTransport
metadata: { name: transport }
spec: { serverName: a, insecureSkipVerify: true, rootCAs: [{ secret: ca }], certificatesSecrets: [pair], maxIdleConnsPerHost: 3, forwardingTimeouts: { dialTimeout: 1s } }
---
apiVersion: v1
kind: Secret
metadata: { name: ca }
data: { tls.ca: LS0tCg==, tls.crt: LS0tCg==, tls.key: LS0tCg== }
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: outer }
spec: { chain: { middlewares: [{ name: inner }] } }
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: inner }
spec: { chain: { middlewares: [{ name: prefix }] } }
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: prefix }
spec: { addPrefix: { prefix: /a } }
---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: { name: whole }
spec: { failover: { service: { name: half, kind: TraefikService }, fallback: { name: quarter, kind: TraefikService }, errors: { status: [500-599], maxRequestBodyBytes: 10 } } }
---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: { name: half }
spec: { weighted: { services: [{ name: quarter, kind: TraefikService, weight: 1 }], sticky: { cookie: { name: c } } } }
---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: { name: quarter }
spec: { mirroring: { name: eighth, port: 80, mirrors: [{ name: eighth, port: 80, percent: 10 }] } }
---
apiVersion: v1
kind: Service
metadata: { name: eighth, annotations: { sluice.dev/client-key: header X-User, sluice.dev/health-check-port: "81" } }
spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: eighth-1, labels: { kubernetes.io/service-name: eighth } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: [10.0.0.2], conditions: { ready: true, serving: true, terminating: false } }]
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: fuzzed }
spec:
  entryPoints: [web]
  routes:
    - match: Host(\`fuzzed.example.com\`)
      kind: Rule
      priority: 5
      middlewares: [{ name: outer }]
      services: [{ name: whole, kind: TraefikService }, { name: eighth, port: http, serversTransport: transport, sticky: { cookie: { name: d } }, strategy: p2c, healthCheck: { path: /up, interval: 5s, headers: { a: b }, status: 204 }, passiveHealthCheck: { failureWindow: 3s, maxFailedAttempts: 2 } }]
  tls: { secretName: pair }
---
apiVersion: traefik.io/v1alpha1
kind: MiddlewareTCP
metadata: { name: lan }
spec: { ipAllowList: { sourceRange: [10.0.0.0/8, "::1"] } }
---
apiVersion: traefik.io/v1alpha1
kind: MiddlewareTCP
metadata: { name: few }
spec: { inFlightConn: { amount: 10 } }
---
apiVersion: traefik.io/v1alpha1
kind: ServersTransportTCP
metadata: { name: streams }
spec:
  dialTimeout: 3s
  terminationDelay: 100ms
  proxyProtocol: { version: 1 }
  tls: { serverName: x.example.com, insecureSkipVerify: false, rootCAs: [{ secret: pair }], certificatesSecrets: [pair] }
---
apiVersion: v1
kind: Service
metadata: { name: streamed, annotations: { sluice.dev/tcp-strategy: leastconn, sluice.dev/tcp-health-check-port: "81" } }
spec: { clusterIP: 10.96.0.9, ports: [{ name: tcp, port: 53 }, { name: udp, port: 53, protocol: UDP }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: streamed-1, labels: { kubernetes.io/service-name: streamed } }
addressType: IPv4
ports: [{ name: tcp, port: 1053 }, { name: udp, port: 1054, protocol: UDP }]
endpoints: [{ addresses: [10.0.0.3] }]
---
apiVersion: traefik.io/v1alpha1
kind: IngressRouteTCP
metadata: { name: fuzzed-tcp }
spec:
  entryPoints: [mongo]
  routes:
    - match: HostSNI(\`fuzzed.example.com\`) && !ClientIP(\`10.0.0.0/8\`)
      priority: 5
      syntax: v3
      middlewares: [{ name: lan }, { name: few }]
      services:
        - { name: streamed, port: tcp, weight: 2, serversTransport: streams, tls: true, proxyProtocol: { version: 2 } }
        - { name: streamed, port: 53, weight: 1, nativeLB: true, terminationDelay: 5 }
  tls: { secretName: pair, passthrough: false }
---
apiVersion: traefik.io/v1alpha1
kind: IngressRouteUDP
metadata: { name: fuzzed-udp }
spec:
  entryPoints: [dns]
  routes:
    - services: [{ name: streamed, port: udp, weight: 2 }, { name: streamed, port: 53, nativeLB: true }]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: grant }
spec: { from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: other }], to: [{ group: "", kind: Service }] }
`;

const store = createObjectStore(
  [...soundTexts, rest].flatMap((text) => parseManifests("a.yaml", text).objects.map(({ object }) => object)),
);
const kinds = [
  ...Object.keys(translators),
  "Service",
  "EndpointSlice",
  "Secret",
  "IngressClass",
  "GatewayClass",
  "Namespace",
];

/** Objects of every kind that is read, no two of one name. */
export const soundObjects: readonly KubernetesObject[] = kinds.flatMap((kind) => [
  ...store.list(kind as Parameters<typeof store.list>[0]),
]);
