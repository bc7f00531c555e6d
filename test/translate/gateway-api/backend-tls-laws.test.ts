import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../../sync-agent/translate/translate.ts";
import { objectsOf } from "../translate-text.ts";
import { gateway } from "./gateway-text.ts";

const { cert } = await makeCertificate(["ca"], Date.now());
const API = "gateway.networking.k8s.io/v1";

/** `x`/`a-b` and `x-a`/`b` make one name when joined. Each Service has a Pod of its own. */
const places = [
  { namespace: "x", name: "a-b" },
  { namespace: "x-a", name: "b" },
  { namespace: "x", name: "b" },
];
const hostOf = ({ namespace, name }: (typeof places)[number]): string => `${name}.${namespace}.example`;
const place = fc.constantFrom(...places);

const fixed: KubernetesObject[] = [
  ...objectsOf(gateway("{ name: http, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }")),
  ...places.flatMap((metadata, index) => [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        ports: [
          { name: "https", port: 443 },
          { name: "web", port: 80 },
        ],
      },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
      ports: ["https", "web"].map((name) => ({ name, port: 8443 })),
      endpoints: [{ addresses: [`10.0.0.${index}`] }],
    },
  ]),
];

const changing: fc.Arbitrary<KubernetesObject> = fc.oneof(
  fc
    .record({ at: place, port: fc.constantFrom(80, 443), name: fc.constantFrom("r", "s") })
    .map(({ at, port, name }) => ({
      apiVersion: API,
      kind: "HTTPRoute",
      metadata: { namespace: at.namespace, name },
      spec: {
        parentRefs: [{ name: "main", namespace: "default" }],
        rules: [{ backendRefs: [{ name: at.name, port }] }],
      },
    })),
  fc
    .record({
      at: place,
      name: fc.constantFrom("p", "q"),
      sectionName: fc.option(fc.constantFrom("https", "web"), { nil: undefined }),
      authority: fc.constantFrom("ca", "ca", "gone"),
    })
    .map(({ at, name, sectionName, authority }) => ({
      apiVersion: API,
      kind: "BackendTLSPolicy",
      metadata: { namespace: at.namespace, name: `${name}-${at.name}` },
      spec: {
        targetRefs: [{ group: "", kind: "Service", name: at.name, ...(sectionName && { sectionName }) }],
        validation: { hostname: hostOf(at), caCertificateRefs: [{ group: "", kind: "ConfigMap", name: authority }] },
      },
    })),
  fc
    .record({ namespace: fc.constantFrom("x", "x-a"), pem: fc.constantFrom(cert, cert, "no certificate") })
    .map(({ namespace, pem }) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace, name: "ca" },
      data: { "ca.crt": pem },
    })),
);

const keyOf = ({ kind, metadata: { namespace = "", name } }: KubernetesObject): string =>
  `${kind}/${namespace}/${name}`;

/** Whether a policy is about this port, by what the specification says of targets, and nothing of this code's. */
const isHeld = (objects: Iterable<KubernetesObject>, at: (typeof places)[number], portName: string): boolean =>
  [...objects].some(({ kind, metadata, spec }) => {
    if (kind !== "BackendTLSPolicy" || metadata.namespace !== at.namespace) return false;
    const [target] = (spec as { targetRefs: { name: string; sectionName?: string }[] }).targetRefs;
    return target?.name === at.name && (target.sectionName ?? portName) === portName;
  });

test("after any edits all is as made from nothing, and no Pod that a policy is about is connected to without it", () => {
  const edits = fc.array(fc.oneof({ arbitrary: changing, weight: 3 }, { arbitrary: fc.nat({ max: 9 }), weight: 1 }), {
    maxLength: 20,
  });
  let secured = 0;
  fc.assert(
    fc.property(edits, (list) => {
      const all = new Map(fixed.map((object) => [keyOf(object), object]));
      const store = createObjectStore(fixed);
      const translator = createTranslator(defaultSettings());
      for (const edit of list) {
        if (typeof edit === "number") {
          const [key, gone] = [...all].slice(fixed.length)[edit] ?? [];
          if (key === undefined || gone === undefined) continue;
          all.delete(key);
          store.remove(gone.kind as "ConfigMap", gone.metadata.namespace ?? "", gone.metadata.name);
        } else {
          all.set(keyOf(edit), edit);
          store.put(edit);
        }
        const { table, problems } = translator.translate(store);
        const fresh = createTranslator(defaultSettings()).translate(createObjectStore(all.values()));
        expect(JSON.stringify(table)).toBe(JSON.stringify(fresh.table));
        expect(problems).toEqual(fresh.problems);
        for (const [name, service] of Object.entries(table.services)) {
          if (service.type !== "loadBalancer") continue;
          const [pod] = table.endpoints[service.endpoints]?.endpoints ?? [];
          const at = places[Number(pod?.address.at(-1))];
          if (at === undefined) throw new Error(`${name} has no Pod`);
          if (!isHeld(all.values(), at, /-443(?:[@~-]|$)/.test(name) ? "https" : "web")) continue;
          const transport = table.serversTransports[service.serversTransport ?? ""];
          expect([name, service.scheme, transport]).toEqual([
            name,
            "https",
            { serverName: hostOf(at), rootCAs: [cert] },
          ]);
          secured += 1;
        }
      }
    }),
    { numRuns: 150 },
  );
  expect(secured).toBeGreaterThan(0);
});
