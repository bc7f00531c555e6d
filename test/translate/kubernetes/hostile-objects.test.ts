import * as fc from "fast-check";
import { expect, test } from "vitest";
import { tableSchema } from "../../../src/table/table.ts";
import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../../sync-agent/translate/translate.ts";
import { objectsOf } from "../translate-text.ts";

const sound = objectsOf(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: main }
spec:
  gatewayClassName: traefik
  listeners:
    - { name: http, port: 80, protocol: HTTP, hostname: "*.example.com", allowedRoutes: { namespaces: { from: Selector, selector: { matchLabels: { a: b }, matchExpressions: [{ key: a, operator: In, values: [b] }] } }, kinds: [{ kind: HTTPRoute }] } }
    - { name: https, port: 443, protocol: HTTPS, tls: { mode: Terminate, certificateRefs: [{ name: c }] }, allowedRoutes: { namespaces: { from: All } } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: app }
spec:
  parentRefs: [{ name: main, sectionName: https, port: 443 }]
  hostnames: [a.example.com]
  rules:
    - matches: [{ path: { type: PathPrefix, value: /a }, headers: [{ name: x, value: y }], queryParams: [{ name: q, value: v }], method: GET }]
      filters:
        - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: a, value: b }], remove: [c] } }
        - { type: RequestMirror, requestMirror: { backendRef: { name: app, port: 80 }, fraction: { numerator: 1, denominator: 3 } } }
        - { type: URLRewrite, urlRewrite: { hostname: b.com, path: { type: ReplacePrefixMatch, replacePrefixMatch: /b } } }
      timeouts: { request: 1s }
      sessionPersistence: { sessionName: s, absoluteTimeout: 1h, cookieConfig: { lifetimeType: Permanent } }
      backendRefs: [{ name: app, port: 80, weight: 2 }, { name: app, namespace: other, port: 80 }]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: grant, namespace: other }
spec: { from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default }], to: [{ group: "", kind: Service, name: app }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: app }
spec:
  ingressClassName: traefik
  tls: [{ hosts: [a.example.com], secretName: c }]
  defaultBackend: { service: { name: app, port: { name: http } } }
  rules: [{ host: a.example.com, http: { paths: [{ path: /a, pathType: Prefix, backend: { service: { name: app, port: { number: 80 } } } }] } }]
---
apiVersion: v1
kind: Service
metadata: { name: app }
spec: { type: ClusterIP, clusterIP: 10.96.0.1, ports: [{ name: http, port: 80, protocol: TCP, appProtocol: http }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: app-1, labels: { kubernetes.io/service-name: app } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: [10.0.0.1], conditions: { ready: true, serving: true, terminating: false } }]
`);

type Path = readonly (string | number)[];

/** Every place in a value, the value itself left out. */
function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const place = [...path, Array.isArray(value) ? Number(key) : key];
    return [place, ...placesIn(child, place)];
  });
}

function replaceAt(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((child, index) => (index === key ? replaceAt(child, rest, replacement) : child));
  const fields = value as Record<string, unknown>;
  return { ...fields, [key]: replaceAt(fields[key], rest, replacement) };
}

const places = sound.flatMap((object, index) =>
  placesIn(object)
    .filter(([field]) => field !== "metadata" && field !== "kind" && field !== "apiVersion")
    .map((path) => ({ index, path })),
);

test("whatever stands in one field, nothing throws and the table is sound", () => {
  const oddity = fc.oneof(
    fc.constantFrom<unknown>(null, "", "__proto__", -1, 1e21, 0.5, [], [null], {}, [[]], "`", "a\nb", "*", "*.*"),
    fc.string(),
    fc.jsonValue({ maxDepth: 2 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...places), oddity), { minLength: 1, maxLength: 2 }), (changes) => {
      const objects: KubernetesObject[] = [...sound];
      for (const [{ index, path }, value] of changes) {
        const object = objects[index];
        const isThere = placesIn(object).some((place) => place.join("\0") === path.join("\0"));
        if (object !== undefined && isThere) objects[index] = replaceAt(object, path, value) as KubernetesObject;
      }
      const { table, problems } = createTranslator(defaultSettings()).translate(createObjectStore(objects));
      expect(problems.map(({ code }) => code)).not.toContain("internal-error");
      expect(tableSchema.safeParse(table).success).toBe(true);
      for (const router of table.routers) expect(Object.hasOwn(table.services, router.service)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
