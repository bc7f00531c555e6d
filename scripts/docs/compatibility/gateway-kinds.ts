import * as models from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import * as alpha from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1alpha2";
import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import { crdFields, type Model } from "./crd-fields.ts";
import type { KindUnderTest } from "./kind-under-test.ts";
import { type Fields, gatewayApi, PROBE, UNGRANTED } from "./world.ts";

const parentRefs = [{ name: "web" }];

/** Bases for the filters of a list at a path, each with its type. */
const ofFilters = (path: string, make: (filters: Fields[]) => KubernetesObject): Record<string, KubernetesObject> => {
  const filters: Record<string, Fields> = {
    requestHeaderModifier: { set: [{ name: "X-Web", value: "web" }], add: [{ name: "X-Also", value: "web" }] },
    responseHeaderModifier: { set: [{ name: "X-Web", value: "web" }], add: [{ name: "X-Also", value: "web" }] },
    requestRedirect: { hostname: "web.example" },
    urlRewrite: { hostname: "web.example" },
    requestMirror: { backendRef: { name: "other", port: 80 } },
    cors: { allowOrigins: ["https://web.example"] },
    extensionRef: { group: "traefik.io", kind: "Middleware", name: "web" },
    externalAuth: { protocol: "HTTP", backendRef: { name: "other", port: 80 } },
  };
  const typeOf = (field: string): string =>
    ({ urlRewrite: "URLRewrite", cors: "CORS" })[field] ?? `${field.slice(0, 1).toUpperCase()}${field.slice(1)}`;
  const withPath = (field: string, rewrite: Fields): [string, KubernetesObject] => [
    `${path}.${field}.path.${Object.keys(rewrite).find((name) => name !== "type")}`,
    make([{ type: typeOf(field), [field]: { path: rewrite } }]),
  ];
  return Object.fromEntries([
    [path, make([{ type: "RequestHeaderModifier", requestHeaderModifier: filters.requestHeaderModifier }])],
    ...Object.entries(filters).map(([field, options]): [string, KubernetesObject] => [
      `${path}.${field}`,
      make([{ type: typeOf(field), [field]: options }]),
    ]),
    [
      `${path}.requestMirror.fraction`,
      make([{ type: "RequestMirror", requestMirror: { ...filters.requestMirror, fraction: { numerator: 1 } } }]),
    ],
    ...["requestRedirect", "urlRewrite"].flatMap((field): [string, KubernetesObject][] => [
      [
        `${path}.${field}.path.type`,
        make([
          {
            type: typeOf(field),
            [field]: { path: { type: "ReplaceFullPath", replaceFullPath: "/web", replacePrefixMatch: "/web" } },
          },
        ]),
      ],
      withPath(field, { type: "ReplaceFullPath", replaceFullPath: "/web" }),
      withPath(field, { type: "ReplacePrefixMatch", replacePrefixMatch: "/web" }),
    ]),
  ]);
};

const backendRef = { name: "web", port: 80 };

const httpRoute = (rule: Fields, more: Fields = {}): KubernetesObject =>
  gatewayApi("HTTPRoute", PROBE, {
    parentRefs,
    hostnames: ["web.example"],
    rules: [{ matches: [{ path: { type: "PathPrefix", value: "/web" } }], backendRefs: [backendRef], ...rule }],
    ...more,
  });

const grpcRoute = (rule: Fields): KubernetesObject =>
  gatewayApi("GRPCRoute", PROBE, {
    parentRefs: [{ name: "web", sectionName: "https" }],
    hostnames: ["web.example"],
    rules: [{ matches: [{ method: { service: "web" } }], backendRefs: [backendRef], ...rule }],
  });

const named = { type: "Exact", name: "X-Web", value: "web" };
const session = { sessionName: "web", type: "Cookie" };
const lasting = { ...session, absoluteTimeout: "24h", cookieConfig: { lifetimeType: "Permanent" } };

const listener = { name: "http", port: 80, protocol: "HTTP" };
const gateway = (change: Fields, more: Fields = {}): KubernetesObject =>
  gatewayApi("Gateway", PROBE, { gatewayClassName: "web", listeners: [{ ...listener, ...change }], ...more });

const policy = (validation: Fields): KubernetesObject =>
  gatewayApi("BackendTLSPolicy", PROBE, {
    targetRefs: [{ group: "", kind: "Service", name: "web" }],
    validation: { hostname: "web.example", ...validation },
  });
const authority = { group: "", kind: "ConfigMap", name: "web" };
const ofAuthority = (subjectAltName?: Fields): KubernetesObject =>
  policy({ caCertificateRefs: [authority], ...(subjectAltName && { subjectAltNames: [subjectAltName] }) });

const https = { name: "https", port: 443, protocol: "HTTPS", tls: { certificateRefs: [{ name: "web" }] } };

/** The kinds of https://gateway-api.sigs.k8s.io/reference/spec/ that route traffic. */
export const gatewayKinds: readonly KindUnderTest[] = [
  {
    kind: "GatewayClass",
    // The models' schema has lost this one.
    fields: [...crdFields(models.GatewayClass), { path: ["spec", "description"], types: ["string"], values: [] }],
    bases: {
      spec: {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "GatewayClass",
        metadata: { name: PROBE },
        spec: { controllerName: "sluice.dev/gateway-controller" },
      },
    },
  },
  {
    kind: "Gateway",
    fields: crdFields(models.Gateway),
    bases: {
      spec: gateway({}),
      "spec.listeners[].tls": gateway(https),
      "spec.tls": gateway(https),
      "spec.listeners[].allowedRoutes.kinds": gateway({ allowedRoutes: { kinds: [{ kind: "HTTPRoute" }] } }),
      "spec.listeners[].allowedRoutes.namespaces.selector": gateway({
        allowedRoutes: {
          namespaces: {
            from: "Selector",
            selector: {
              matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["default"] }],
            },
          },
        },
      }),
    },
  },
  {
    kind: "HTTPRoute",
    fields: crdFields(models.HTTPRoute),
    bases: {
      spec: httpRoute({}),
      "spec.rules[].matches[].headers": httpRoute({ matches: [{ headers: [named] }] }),
      "spec.rules[].matches[].queryParams": httpRoute({ matches: [{ queryParams: [named] }] }),
      "spec.rules[].sessionPersistence": httpRoute({ sessionPersistence: session }),
      "spec.rules[].sessionPersistence.absoluteTimeout": httpRoute({ sessionPersistence: lasting }),
      "spec.rules[].sessionPersistence.cookieConfig": httpRoute({ sessionPersistence: lasting }),
      "spec.rules[].backendRefs[].weight": httpRoute({ backendRefs: [backendRef, { name: "other", port: 80 }] }),
      ...ofFilters("spec.rules[].filters[]", (filters) => httpRoute({ filters })),
      ...ofFilters("spec.rules[].backendRefs[].filters[]", (filters) =>
        httpRoute({ backendRefs: [{ ...backendRef, filters }] }),
      ),
    },
  },
  {
    kind: "GRPCRoute",
    fields: crdFields(models.GRPCRoute),
    bases: {
      spec: grpcRoute({}),
      "spec.rules[].matches[].headers": grpcRoute({ matches: [{ headers: [named] }] }),
      "spec.rules[].sessionPersistence": grpcRoute({ sessionPersistence: session }),
      "spec.rules[].sessionPersistence.absoluteTimeout": grpcRoute({ sessionPersistence: lasting }),
      "spec.rules[].sessionPersistence.cookieConfig": grpcRoute({ sessionPersistence: lasting }),
      "spec.rules[].backendRefs[].weight": grpcRoute({ backendRefs: [backendRef, { name: "other", port: 80 }] }),
      ...ofFilters("spec.rules[].filters[]", (filters) => grpcRoute({ filters })),
      ...ofFilters("spec.rules[].backendRefs[].filters[]", (filters) =>
        grpcRoute({ backendRefs: [{ ...backendRef, filters }] }),
      ),
    },
  },
  streamRoute("TLSRoute", models.TLSRoute, "tls", "gateway.networking.k8s.io/v1"),
  streamRoute("TCPRoute", alpha.TCPRoute, "tcp", "gateway.networking.k8s.io/v1alpha2"),
  streamRoute("UDPRoute", alpha.UDPRoute, "udp", "gateway.networking.k8s.io/v1alpha2"),
  {
    kind: "ReferenceGrant",
    fields: crdFields(models.ReferenceGrant),
    bases: {
      spec: {
        ...gatewayApi("ReferenceGrant", PROBE, {
          from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default" }],
          to: [{ group: "", kind: "Service" }],
        }),
        metadata: { name: PROBE, namespace: UNGRANTED },
      },
    },
  },
  {
    kind: "BackendTLSPolicy",
    fields: crdFields(models.BackendTLSPolicy),
    bases: {
      spec: ofAuthority(),
      "spec.validation.wellKnownCACertificates": policy({}),
      "spec.validation.subjectAltNames": ofAuthority({ type: "Hostname", hostname: "web.example", uri: "web:web" }),
      "spec.validation.subjectAltNames[].uri": ofAuthority({ type: "URI", uri: "web:web" }),
    },
  },
];

function streamRoute(kind: string, model: Model, sectionName: string, apiVersion: string): KindUnderTest {
  const make = (backendRefs: Fields[]): KubernetesObject =>
    gatewayApi(
      kind,
      PROBE,
      {
        parentRefs: [{ name: "web", sectionName }],
        ...(kind === "TLSRoute" && { hostnames: ["web.example"] }),
        rules: [{ backendRefs }],
      },
      apiVersion,
    );
  const port = kind === "UDPRoute" ? 53 : 80;
  return {
    kind,
    fields: crdFields(model),
    bases: {
      spec: make([{ name: "web", port }]),
      "spec.rules[].backendRefs[].weight": make([
        { name: "web", port },
        { name: "other", port },
      ]),
    },
  };
}
