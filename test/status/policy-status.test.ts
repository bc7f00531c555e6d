import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../cli/dev/make-certificate.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { createStatusComputer } from "../../sync-agent/status/compute-statuses.ts";
import { mergeStatus } from "../../sync-agent/status/merge-status.ts";
import type { StatusContent } from "../../sync-agent/status/status-content.ts";
import { takeSnapshot } from "../../sync-agent/status/status-snapshot.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { app, gateway, route, toApp } from "../translate/gateway-api/gateway-text.ts";
import { objectsOf } from "../translate/translate-text.ts";
import { facts, linesOf, parentLines, served, statusesOf } from "./status-text.ts";

const { cert } = await makeCertificate(["ca"], Date.now());
const authority = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: ca }\ndata: ${JSON.stringify({ "ca.crt": cert })}\n`;
const ref = (name: string, kind = "ConfigMap"): string => `{ group: "", kind: ${kind}, name: ${name} }`;
const policy = (
  refs: string[],
  { name = "p", created = "2024-01-01T00:00:00Z", targets = ref("app", "Service"), more = "" } = {},
): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: ${name}, creationTimestamp: ${created} }
spec:
  targetRefs: [${targets}]
  validation: { hostname: pods.example, caCertificateRefs: [${refs.join()}]${more} }
`;
const world = gateway() + app + authority + route([`{ ${toApp} }`]);

function policyOf(text: string, name = "p"): Extract<StatusContent, { type: "policy" }> {
  const content = statusesOf(text).get(`BackendTLSPolicy/${name}`);
  if (content?.type !== "policy") throw new Error(`no status of the policy ${name}`);
  return content;
}
const conditionsOf = (text: string, name?: string): string[] =>
  linesOf(policyOf(text, name).ancestors[0]?.conditions ?? []);

describe("a BackendTLSPolicy", () => {
  test("that holds tells so for its Gateway", () => {
    const { ancestors } = policyOf(world + policy([ref("ca")]));
    expect(ancestors).toMatchObject([
      {
        ancestorRef: {
          group: "gateway.networking.k8s.io",
          kind: "Gateway",
          namespace: "default",
          name: "main",
        },
        controllerName: "sluice.dev/gateway-controller",
        conditions: [{ observedGeneration: 3 }, { observedGeneration: 3 }],
      },
    ]);
    expect(linesOf(ancestors[0]?.conditions ?? [])).toEqual([
      "Accepted=True/Accepted",
      "ResolvedRefs=True/ResolvedRefs",
    ]);
  });

  const cases: [string, string, string[]][] = [
    [
      "names a ConfigMap that there is not",
      policy([ref("gone")]),
      ["Accepted=False/NoValidCACertificate", "ResolvedRefs=False/InvalidCACertificateRef"],
    ],
    [
      "names a kind that holds no certificates",
      policy([ref("ca", "Service")]),
      ["Accepted=False/NoValidCACertificate", "ResolvedRefs=False/InvalidKind"],
    ],
    [
      "has one reference that leads nowhere",
      policy([ref("ca"), ref("gone")]),
      ["Accepted=True/Accepted", "ResolvedRefs=False/InvalidCACertificateRef"],
    ],
    [
      "asks for authorities that are not known",
      policy([], { more: ", wellKnownCACertificates: Mozilla" }),
      ["Accepted=False/Invalid", "ResolvedRefs=True/ResolvedRefs"],
    ],
  ];
  test.each(cases)("that %s", (_, text, lines) => {
    expect(conditionsOf(world + text)).toEqual(lines);
  });

  test("that is younger than another for the same Service is in conflict, one for a port of it is not", () => {
    const young = { name: "young", created: "2024-02-01T00:00:00Z" };
    const both = world + policy([ref("ca")]) + policy([ref("ca")], young);
    expect(conditionsOf(both)).toEqual(["Accepted=True/Accepted", "ResolvedRefs=True/ResolvedRefs"]);
    expect(conditionsOf(both, "young")).toEqual(["Accepted=False/Conflicted", "ResolvedRefs=True/ResolvedRefs"]);
    const named = world.replace("ports: [{ port: 80 }]", "ports: [{ name: web, port: 80 }]");
    const ofPort = policy([ref("ca")], {
      ...young,
      targets: '{ group: "", kind: Service, name: app, sectionName: web }',
    });
    expect(conditionsOf(named + policy([ref("ca")]) + ofPort, "young")[0]).toBe("Accepted=True/Accepted");
  });

  test("has the Gateways of all routes that reach its Services, by mirrors too, and no others", () => {
    const second = gateway().replace("name: main", "name: second");
    const foreign = gateway()
      .replaceAll("edge", "other")
      .replace("name: main", "name: foreign")
      .replace("sluice.dev/gateway-controller", "other.example/controller");
    const mirror = `{ backendRefs: [{ name: x, port: 80 }], filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: app, port: 80 } } }] }`;
    const text =
      world +
      second +
      foreign +
      route([mirror], { name: "mirror", parents: "{ name: second }" }) +
      route([`{ ${toApp} }`], { name: "far", parents: "{ name: foreign }" }) +
      policy([ref("ca")]);
    expect(policyOf(text).ancestors.map(({ ancestorRef }) => Reflect.get(ancestorRef, "name"))).toEqual([
      "main",
      "second",
    ]);
    const unreached = gateway() + app + authority + policy([ref("ca")]);
    expect(policyOf(unreached).ancestors).toEqual([]);
  });

  test("that cannot be used shows in its routes", () => {
    const statuses = statusesOf(world + policy([ref("gone")]));
    expect(parentLines(statuses)).toEqual([["Accepted=True/Accepted", "ResolvedRefs=False/InvalidBackendTLSPolicy"]]);
  });

  test("of which nothing has changed keeps its status", () => {
    const settings = defaultSettings();
    const objects = createObjectStore(served(objectsOf(world + policy([ref("ca")]))));
    const translator = createTranslator(settings);
    const computer = createStatusComputer(settings);
    const compute = () => {
      const statuses = computer.compute(takeSnapshot(objects, translator.translate(objects).problems), facts());
      return statuses.find(({ object }) => object.kind === "BackendTLSPolicy")?.content;
    };
    const first = compute();
    expect(compute()).toBe(first);
    objects.remove("ConfigMap", "default", "ca");
    expect(compute()).not.toBe(first);
  });
});

test("entries of other controllers stay, ours go with the last Gateway", () => {
  const NOW = "2026-11-21T08:00:00Z";
  const { ancestors, controllers } = policyOf(world + policy([ref("ca")]));
  const foreign = { ancestorRef: { name: "x" }, controllerName: "other.example/controller", conditions: [] };
  const written = mergeStatus({ ancestors: [foreign] }, { type: "policy", ancestors, controllers }, NOW);
  expect(written?.ancestors).toMatchObject([foreign, { ancestorRef: { name: "main" } }]);
  expect(mergeStatus(written, { type: "policy", ancestors, controllers }, NOW)).toBeUndefined();
  expect(mergeStatus(written, { type: "policy", ancestors: [], controllers }, NOW)).toEqual({ ancestors: [foreign] });
  expect(mergeStatus({ ancestors: [foreign] }, { type: "policy", ancestors: [], controllers }, NOW)).toBeUndefined();
});
