import type { CertificatePair } from "../../cli/dev/make-certificate.ts";

/** Manifests of a headless Service with one port whose Pod is a program on this port of the loopback. */
export const backedBy = (name: string, port: number, protocol: "TCP" | "UDP" = "TCP"): string => `
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { clusterIP: None, ports: [{ name: main, port: ${port}, protocol: ${protocol} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: main, port: ${port}, protocol: ${protocol} }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
`;

interface TcpRoute {
  entryPoint: string;
  match?: string;
  service: string;
  port: number;
  /** YAML flow items of the service, such as `proxyProtocol: { version: 1 }`. */
  more?: string;
  /** YAML flow items of `tls`; unset: connections that are not TLS. */
  tls?: string;
  middlewares?: readonly string[];
}

/** An IngressRouteTCP. */
export const tcpRoute = (name: string, route: TcpRoute): string => `
---
apiVersion: traefik.io/v1alpha1
kind: IngressRouteTCP
metadata: { name: ${name} }
spec:
  entryPoints: [${route.entryPoint}]
  routes:
    - match: ${route.match ?? "HostSNI(`*`)"}
      middlewares: [${(route.middlewares ?? []).map((one) => `{ name: ${one} }`).join(", ")}]
      services: [{ name: ${route.service}, port: ${route.port}${route.more === undefined ? "" : `, ${route.more}`} }]
${route.tls === undefined ? "" : `  tls: { ${route.tls} }`}
`;

/** A Secret of type `kubernetes.io/tls`. */
export const tlsSecret = (name: string, { cert, key }: CertificatePair): string => `
---
apiVersion: v1
kind: Secret
metadata: { name: ${name} }
type: kubernetes.io/tls
data:
  tls.crt: ${Buffer.from(cert).toString("base64")}
  tls.key: ${Buffer.from(key).toString("base64")}
`;
