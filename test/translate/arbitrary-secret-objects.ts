import * as fc from "fast-check";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import {
  backends,
  encode,
  make,
  maybe,
  meta,
  name,
  namespace,
  pairs,
  secretsAndMaps,
  servicesAndPods,
  TRAEFIK,
  withSpec,
} from "./arbitrary-parts.ts";
import { objectsOf } from "./translate-text.ts";

const tls = maybe(
  fc.record({
    secretName: maybe(name),
    options: maybe(fc.record({ name: fc.constantFrom("a", "default"), namespace: maybe(namespace) })),
    passthrough: maybe(fc.constant(false)),
  }),
);
const traefikServices = fc.array(
  fc.record({ name, port: fc.constant(80), scheme: maybe(fc.constant("h2c")), serversTransport: maybe(name) }),
  { minLength: 1, maxLength: 2 },
);

/** Traefik's objects that need Secrets and ConfigMaps, or stand below each other. */
export const secretObject: fc.Arbitrary<KubernetesObject> = fc.oneof(
  ...backends,
  ...[0, 1, 2].map(() => secretsAndMaps()),
  make(
    TRAEFIK,
    "IngressRoute",
    meta,
    withSpec(
      fc.record({
        parentRefs: maybe(fc.array(fc.record({ name, namespace: maybe(namespace) }), { maxLength: 2 })),
        routes: fc.array(
          fc.record({
            match: fc.constantFrom("Host(`a.com`)", "PathPrefix(`/x`)"),
            services: maybe(traefikServices),
            middlewares: maybe(fc.array(fc.record({ name }), { maxLength: 2 })),
          }),
          { maxLength: 2 },
        ),
        tls,
      }),
    ),
  ),
  make(
    TRAEFIK,
    "IngressRouteTCP",
    meta,
    withSpec(
      fc.record({
        routes: fc.array(
          fc.record({ match: fc.constantFrom("HostSNI(`*`)", "HostSNI(`a.com`)"), services: traefikServices }),
          { maxLength: 2 },
        ),
        tls,
      }),
    ),
  ),
  make(
    TRAEFIK,
    "Middleware",
    meta,
    withSpec(
      fc.oneof(
        name.map((secret) => ({ basicAuth: { secret } })),
        name.map((secret) => ({ forwardAuth: { address: "https://a.default.svc/", tls: { caSecret: secret } } })),
        fc.record({ chain: fc.record({ middlewares: fc.array(fc.record({ name }), { maxLength: 2 }) }) }),
        fc.record({
          errors: fc.record({ status: fc.constant(["500"]), service: fc.record({ name, port: fc.constant(80) }) }),
        }),
      ),
    ),
  ),
  make(
    TRAEFIK,
    "TLSOption",
    fc.record({ namespace, name: fc.constantFrom("a", "default") }),
    withSpec(
      fc.oneof(
        fc.constant({ minVersion: "VersionTLS13" }),
        name.map((one) => ({
          clientAuth: { secretNames: [one], clientAuthType: "RequireAndVerifyClientCert" },
        })),
      ),
    ),
  ),
  make(
    TRAEFIK,
    "TLSStore",
    fc.record({ namespace, name: fc.constant("default") }),
    withSpec(
      fc.record({
        defaultCertificate: maybe(fc.record({ secretName: name })),
        certificates: maybe(fc.array(fc.record({ secretName: name }), { maxLength: 2 })),
      }),
    ),
  ),
  ...["ServersTransport", "ServersTransportTCP"].map((kind) =>
    make(
      TRAEFIK,
      kind,
      meta,
      withSpec(
        fc
          .record({
            rootCAs: maybe(
              fc.array(
                fc.oneof(
                  name.map((secret) => ({ secret })),
                  name.map((configMap) => ({ configMap })),
                ),
                {
                  maxLength: 2,
                },
              ),
            ),
            certificatesSecrets: maybe(fc.array(name, { maxLength: 1 })),
          })
          .map((spec) => (kind === "ServersTransport" ? spec : { tls: spec })),
      ),
    ),
  ),
  make(
    "networking.k8s.io/v1",
    "IngressClass",
    fc.record({ name: fc.constantFrom("a", "traefik") }),
    withSpec(fc.constantFrom({ controller: "traefik.io/ingress-controller" }, { controller: "else.example/c" })),
  ),
  make(
    "networking.k8s.io/v1",
    "Ingress",
    meta,
    withSpec(
      fc.record({
        ingressClassName: maybe(fc.constantFrom("a", "traefik")),
        defaultBackend: fc.record({ service: fc.record({ name, port: fc.constant({ number: 80 }) }) }),
        tls: maybe(fc.array(fc.record({ secretName: name }), { maxLength: 1 })),
      }),
    ),
  ),
);

/** Routes with certificates, guards with Secrets, and a route below another. */
export const secretObjects: KubernetesObject[] = [
  ...objectsOf(
    `${servicesAndPods}---
apiVersion: ${TRAEFIK}
kind: IngressRoute
metadata: { namespace: default, name: a }
spec: { routes: [{ match: Host(\`a.com\`), middlewares: [{ name: a }] }], tls: { options: { name: a } } }
---
apiVersion: ${TRAEFIK}
kind: IngressRoute
metadata: { namespace: default, name: b }
spec: { parentRefs: [{ name: a }], routes: [{ match: PathPrefix(\`/x\`), services: [{ name: a, port: 80, scheme: h2c, serversTransport: a }] }] }
---
apiVersion: ${TRAEFIK}
kind: IngressRouteTCP
metadata: { namespace: default, name: a }
spec: { routes: [{ match: HostSNI(\`a.com\`), services: [{ name: a, port: 80, serversTransport: a }] }], tls: { secretName: a, options: { name: a } } }
---
apiVersion: ${TRAEFIK}
kind: Middleware
metadata: { namespace: default, name: a }
spec: { basicAuth: { secret: b } }
---
apiVersion: ${TRAEFIK}
kind: TLSOption
metadata: { namespace: default, name: a }
spec: { clientAuth: { secretNames: [a], clientAuthType: RequireAndVerifyClientCert } }
---
apiVersion: ${TRAEFIK}
kind: TLSStore
metadata: { namespace: default, name: default }
spec: { defaultCertificate: { secretName: a }, certificates: [{ secretName: b }] }
---
apiVersion: ${TRAEFIK}
kind: ServersTransport
metadata: { namespace: default, name: a }
spec: { rootCAs: [{ secret: a }, { configMap: a }] }
---
apiVersion: ${TRAEFIK}
kind: ServersTransportTCP
metadata: { namespace: default, name: a }
spec: { tls: { rootCAs: [{ configMap: a }] } }
`,
  ),
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "default", name: "a" },
    data: {
      "tls.crt": encode(pairs[0]?.cert ?? ""),
      "tls.key": encode(pairs[0]?.key ?? ""),
      "ca.crt": encode(pairs[1]?.cert ?? ""),
    },
  },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "default", name: "b" },
    data: { users: encode("test:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=") },
  },
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "default", name: "a" },
    data: { "ca.crt": pairs[0]?.cert },
  },
];
