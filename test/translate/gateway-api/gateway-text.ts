import { services } from "../translate-text.ts";

/** One listener in YAML flow style; `fields` come after its name, port and protocol. */
export const listener = (name: string, fields = "", port = 80, protocol = "HTTP"): string =>
  `{ name: ${name}, port: ${port}, protocol: ${protocol}${fields === "" ? "" : `, ${fields}`} }`;

export const gateway = (...listeners: string[]): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: edge }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: main }
spec:
  gatewayClassName: edge
  listeners:
${(listeners.length > 0 ? listeners : [listener("http")]).map((one) => `    - ${one}`).join("\n")}
`;

export interface RouteText {
  name?: string;
  namespace?: string;
  created?: string;
  parents?: string;
  hostnames?: string[];
  kind?: string;
}

/** A HTTPRoute, or a route of another kind, with these rules, each YAML in flow style. */
export const route = (
  rules: string[],
  { name = "app", namespace, created, parents, hostnames, kind = "HTTPRoute" }: RouteText = {},
): string => {
  const metadata = { name, ...(namespace && { namespace }), ...(created && { creationTimestamp: created }) };
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: ${JSON.stringify(metadata)}
spec:
  parentRefs: [${parents ?? "{ name: main }"}]
  hostnames: ${JSON.stringify(hostnames ?? [])}
  rules:
${rules.map((rule) => `    - ${rule}`).join("\n")}
`;
};

export const toApp = "backendRefs: [{ name: app, port: 80 }]";
export const app = services("app");
