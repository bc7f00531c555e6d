import * as gatewayApi from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import * as experimental from "@kubernetes-models/gateway-api/gateway.networking.x-k8s.io/v1alpha1";
import * as traefik from "@kubernetes-models/traefik/traefik.io/v1alpha1";
import { parseManifests } from "../../../sync-agent/source/parse-manifests.ts";
import type { Problem } from "../../../sync-agent/translate/problem.ts";
import { type AccountedField, account } from "./account.ts";
import { type CrdField, printField } from "./crd-fields.ts";
import { gatewayKinds } from "./gateway-kinds.ts";
import { ingressKinds } from "./ingress-kinds.ts";
import { judgeKind } from "./judge-kind.ts";
import type { KindUnderTest } from "./kind-under-test.ts";
import { ownFields } from "./own-fields.ts";
import { createProbe } from "./probe.ts";
import { traefikKinds } from "./traefik-kinds.ts";
import { makeWorld, probeSettings } from "./world.ts";

export interface Compatibility {
  families: readonly { title: string; kinds: readonly { kind: string; fields: readonly AccountedField[] }[] }[];
  /** Kinds that are not read, with the problem that says so. */
  refusedKinds: readonly { kind: string; problem: Problem }[];
  /** What is in none of the three, or told of what is not there. */
  complaints: readonly string[];
}

const families: readonly { title: string; kinds: readonly KindUnderTest[] }[] = [
  { title: "Traefik's kinds", kinds: traefikKinds },
  { title: "Ingress", kinds: ingressKinds },
  { title: "Gateway API", kinds: gatewayKinds },
];

/** Tries every field of every kind. */
export async function judgeAll(): Promise<Compatibility> {
  const probe = createProbe(await makeWorld(), probeSettings());
  const complaints: string[] = [];
  const judged = families.map(({ title, kinds }) => ({
    title,
    kinds: kinds.map((kind) => {
      const own = ownFields(kind.kind, kind.fields);
      const accounted = account(kind.kind, judgeKind({ ...kind, fields: [...kind.fields, ...own] }, probe));
      complaints.push(...accounted.complaints);
      return { kind: kind.kind, fields: accounted.fields.map((field) => marked(field, own)) };
    }),
  }));
  const known = new Set(families.flatMap(({ kinds }) => kinds.map(({ kind }) => kind)));
  const refusedKinds = modelledKinds()
    .filter(({ kind }) => !known.has(kind))
    .flatMap(({ kind, apiVersion }) => {
      const problem = refusalOf(kind, apiVersion);
      if (problem === undefined) complaints.push(`${kind} is not read, and nobody is told`);
      return problem === undefined ? [] : [{ kind, problem }];
    });
  return { families: judged, refusedKinds, complaints };
}

/** Says of a field that it is none of those that Traefik's types have. */
function marked(field: AccountedField, own: readonly CrdField[]): AccountedField {
  if (!own.some(({ path }) => printField(path) === field.path)) return field;
  return { ...field, text: `${field.text} ${NOT_IN_TYPES}`.trim() };
}

const NOT_IN_TYPES = "(Not among the types that this page is held to: newer, or Sluice's own.)";

/** All kinds that the models of Traefik and Gateway API have. */
function modelledKinds(): { kind: string; apiVersion: string }[] {
  return [traefik, gatewayApi, experimental].flatMap((models) =>
    Object.values(models).flatMap((model) =>
      "kind" in model && "apiVersion" in model && !String(model.kind).endsWith("List")
        ? [{ kind: String(model.kind), apiVersion: String(model.apiVersion) }]
        : [],
    ),
  );
}

function refusalOf(kind: string, apiVersion: string): Problem | undefined {
  const text = JSON.stringify({ apiVersion, kind, metadata: { name: "probe" }, spec: {} });
  return parseManifests("probe.json", text).problems.find(({ code }) => code === "unsupported-kind");
}
