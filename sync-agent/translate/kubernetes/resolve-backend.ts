import * as z from "zod";
import type { Endpoint, Endpoints } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { serviceName } from "../names.ts";
import type { Problem } from "../problem.ts";
import { readFields } from "../read-object.ts";

/** A problem whose object and path the caller knows. */
export type ProblemDraft = Pick<Problem, "code" | "severity" | "message" | "hint" | "refersTo">;

export interface BackendRef {
  namespace: string;
  name: string;
  port: number | string | undefined;
}

export interface Backend {
  /** `<namespace>-<service>-<port>`: the key of `endpoints` in the table. */
  key: string;
  endpoints: Endpoints;
  scheme: "http" | "https" | "h2c";
  /** The host that a Service of type ExternalName points to. */
  externalName?: string;
  service: KubernetesObject;
  problems: ProblemDraft[];
}

const portSchema = z.looseObject({ name: z.string().default(""), port: z.int(), appProtocol: z.string().optional() });
const serviceSchema = z.looseObject({
  type: z.string().optional(),
  externalName: z.string().optional(),
  clusterIP: z.string().optional(),
  ports: z.array(portSchema).default([]),
});
const sliceSchema = z.looseObject({
  ports: z.array(z.looseObject({ name: z.string().default(""), port: z.int().optional() })).default([]),
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()),
        conditions: z
          .looseObject({
            ready: z.boolean().optional(),
            serving: z.boolean().optional(),
            terminating: z.boolean().optional(),
          })
          .default({}),
      }),
    )
    .default([]),
});

const silent = (): void => {};

/** Finds the Pods behind one port of a Service, or says why there are none to be found. */
export function resolveBackend(
  ref: BackendRef,
  objects: ObjectReader,
  options: { allowExternalName: boolean; scheme?: string },
): Backend | { problem: ProblemDraft } {
  const { namespace, name, port } = ref;
  const refersTo = { kind: "Service", namespace, name, ...(port === undefined ? {} : { port: String(port) }) };
  const fail = (code: Problem["code"], message: string, hint?: string): { problem: ProblemDraft } => ({
    problem: { code, severity: "error", message, refersTo, ...(hint === undefined ? {} : { hint }) },
  });
  const service = objects.get("Service", namespace, name);
  if (service === undefined) {
    return fail("service-not-found", `The Service \`${name}\` does not exist in the namespace \`${namespace}\``);
  }
  const spec = readFields(serviceSchema, service.spec ?? {}, ["spec"], silent);
  if (spec === undefined) return fail("invalid-field", `The Service \`${name}\` cannot be read`);
  const found = spec.ports.find((one) => one.port === Number(port) || (one.name !== "" && one.name === port));
  const isExternal = spec.type === "ExternalName";
  if (isExternal && !options.allowExternalName) {
    return fail("external-name-not-allowed", `The Service \`${name}\` is of type ExternalName, which is not allowed`);
  }
  const number = found?.port ?? (isExternal ? Number(port) : Number.NaN);
  if (Number.isNaN(number)) {
    const ports = spec.ports.map((one) => one.name || String(one.port)).join(", ");
    return fail("service-port-not-found", `The Service \`${name}\` has no port \`${port ?? ""}\``, `It has: ${ports}`);
  }
  const endpoints = isExternal
    ? { endpoints: [{ address: spec.externalName ?? "", port: number, state: "ready" as const }] }
    : readEndpoints(objects.endpointSlices(namespace, name), found?.name ?? "", spec.clusterIP, number);
  return {
    key: serviceName(namespace, name, port),
    endpoints,
    scheme: schemeOf(options.scheme, number, found?.name ?? ""),
    ...(isExternal ? { externalName: spec.externalName ?? "" } : {}),
    service,
    problems: [],
  };
}

function schemeOf(given: string | undefined, port: number, portName: string): Backend["scheme"] {
  if (given === "http" || given === "https" || given === "h2c") return given;
  return port === 443 || portName.startsWith("https") ? "https" : "http";
}

function readEndpoints(
  slices: readonly KubernetesObject[],
  portName: string,
  clusterIp: string | undefined,
  servicePort: number,
): Endpoints {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    const read = readFields(sliceSchema, { ports: slice.ports, endpoints: slice.endpoints }, [], silent);
    const port = read?.ports.find(({ name }) => name === portName)?.port;
    if (read === undefined || port === undefined) continue;
    for (const { addresses, conditions } of read.endpoints) {
      const { ready = true, serving = ready, terminating = false } = conditions;
      if (!serving) continue;
      const state = terminating ? "terminating" : "ready";
      for (const address of addresses) found.set(`${address} ${port}`, { address, port, state });
    }
  }
  const endpoints = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
  const hasIp = clusterIp !== undefined && clusterIp !== "" && clusterIp !== "None";
  return { endpoints, ...(hasIp ? { clusterIp: { address: clusterIp, port: servicePort } } : {}) };
}
