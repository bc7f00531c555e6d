import * as fc from "fast-check";
import { makeCertificate } from "../../cli/dev/make-certificate.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";

export const TRAEFIK = "traefik.io/v1alpha1";

export const name = fc.constantFrom("a", "b");
export const namespace = fc.constantFrom("default", "default", "x");
export const meta = fc.record({ namespace, name });
export const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });

export const make = (
  apiVersion: string,
  kind: string,
  metadata: fc.Arbitrary<object>,
  rest: fc.Arbitrary<object>,
): fc.Arbitrary<KubernetesObject> =>
  fc.tuple(metadata, rest).map(([one, more]) => {
    const object: KubernetesObject = { apiVersion, kind, metadata: one as KubernetesObject["metadata"], ...more };
    return object;
  });

export const withSpec = (spec: fc.Arbitrary<unknown>): fc.Arbitrary<object> => spec.map((value) => ({ spec: value }));

/** Services, their Pods and their namespaces: what routes of both kinds refer to. */
export const backends = [
  make(
    "v1",
    "Service",
    meta,
    withSpec(
      fc.constantFrom(
        { ports: [{ port: 80, name: "web" }] },
        { ports: [{ port: 80, name: "web", appProtocol: "kubernetes.io/h2c" }], clusterIP: "10.96.0.1" },
        { ports: [80, 53].flatMap((port) => ["TCP", "UDP"].map((protocol) => ({ port, protocol, name: `p${port}` }))) },
        { type: "ExternalName", externalName: "example.org", ports: [{ port: 80 }] },
      ),
    ),
  ),
  make(
    "discovery.k8s.io/v1",
    "EndpointSlice",
    fc.tuple(meta, name).map(([one, of]) => ({ ...one, labels: { "kubernetes.io/service-name": of } })),
    fc.record({
      ports: fc.constantFrom([{ name: "web", port: 8080 }], [{ name: "p53", port: 53, protocol: "UDP" }]),
      endpoints: fc.array(
        fc.record({
          addresses: fc.constantFrom(["10.0.0.1"], ["::1"]),
          conditions: fc.record({ ready: fc.boolean() }),
        }),
        { maxLength: 2 },
      ),
    }),
  ),
  make(
    "v1",
    "Endpoints",
    meta,
    fc.constant({ subsets: [{ addresses: [{ ip: "10.0.0.9" }], ports: [{ name: "web", port: 8080 }] }] }),
  ),
];

export const pairs = await Promise.all(["a.com", "b.com"].map((one) => makeCertificate([one], Date.now())));
export const encode = (text: string): string => Buffer.from(text).toString("base64");

export function secretsAndMaps(): fc.Arbitrary<KubernetesObject> {
  return fc.oneof(
    make(
      "v1",
      "Secret",
      meta,
      fc.constantFrom(0, 1, 2, 3, 4).map((index) => {
        const pair = pairs[index];
        if (pair !== undefined) return { data: { "tls.crt": encode(pair.cert), "tls.key": encode(pair.key) } };
        if (index === 2) return { data: { "ca.crt": encode(pairs[0]?.cert ?? "") } };
        if (index === 3) return { data: { users: encode("test:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=") } };
        return { data: { users: encode("nobody") } };
      }),
    ),
    make(
      "v1",
      "ConfigMap",
      meta,
      fc.constantFrom(0, 1, 2).map((index) => ({ data: { "ca.crt": pairs[index]?.cert ?? "none" } })),
    ),
  );
}

export const servicesAndPods = ["default/a", "default/b", "x/a"]
  .map((place, index) => {
    const [namespace, one] = place.split("/");
    return `---
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: ${one} }
spec: { ports: [{ port: 80, name: web }, { port: 53, name: p53, protocol: UDP }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: ${namespace}, name: ${one}, labels: { kubernetes.io/service-name: ${one} } }
ports: [{ name: web, port: 8080 }, { name: p53, port: 53, protocol: UDP }]
endpoints: [{ addresses: [10.0.1.${index}] }]
`;
  })
  .join("");
