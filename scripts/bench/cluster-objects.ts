import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";

export const NAMESPACES = 100;

/** A Service with two Pods and a route of its own, as an API server gives them: one of very many. */
export function objectsOfService(index: number, path = "/api"): KubernetesObject[] {
  const metadata = { name: `app-${index}`, namespace: namespaceOf(index), uid: `uid-${index}`, resourceVersion: "1" };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        clusterIP: `10.${96 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
        ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }],
        selector: { app: `app-${index}` },
        type: "ClusterIP",
      },
    },
    endpointSliceOf(index, [0, 1]),
    {
      apiVersion: "traefik.io/v1alpha1",
      kind: "IngressRoute",
      metadata: { ...metadata, creationTimestamp: "2026-01-01T00:00:00Z" },
      spec: {
        entryPoints: ["websecure"],
        routes: [
          {
            kind: "Rule",
            match: `Host(\`app-${index}.example.com\`) && PathPrefix(\`${path}\`)`,
            middlewares: [{ name: "strip" }],
            services: [{ name: `app-${index}`, port: 80 }],
          },
        ],
        tls: {},
      },
    },
  ];
}

/** The EndpointSlice of a Service, with the Pods of these numbers. */
export const endpointSliceOf = (index: number, pods: readonly number[]): KubernetesObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    name: `app-${index}-x7k2p`,
    namespace: namespaceOf(index),
    labels: { "kubernetes.io/service-name": `app-${index}` },
    resourceVersion: "1",
  },
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  endpoints: pods.map((pod) => ({
    addresses: [`10.${128 + pod}.${(index >> 8) & 255}.${index & 255}`],
    conditions: { ready: true, serving: true, terminating: false },
  })),
});

/** What all routes of a namespace use. */
export const middlewareOf = (namespace: number): KubernetesObject => ({
  apiVersion: "traefik.io/v1alpha1",
  kind: "Middleware",
  metadata: { name: "strip", namespace: `team-${namespace}` },
  spec: { stripPrefix: { prefixes: ["/api"] } },
});

const namespaceOf = (index: number): string => `team-${index % NAMESPACES}`;
