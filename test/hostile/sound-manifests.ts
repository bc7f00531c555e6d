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
spec: { failover: { service: { name: half, kind: TraefikService }, fallback: { name: quarter, kind: TraefikService } } }
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
metadata: { name: eighth }
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
      services: [{ name: whole, kind: TraefikService }, { name: eighth, port: http, serversTransport: transport, sticky: { cookie: { name: d } } }]
  tls: { secretName: pair }
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
