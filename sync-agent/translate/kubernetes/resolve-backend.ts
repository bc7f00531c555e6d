import ipaddr from "ipaddr.js";
import type { Endpoints, LoadBalancer } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { serviceName } from "../names.ts";
import { readExternalName } from "./external-name.ts";
import { findServicePort, type ServiceProtocol } from "./find-service-port.ts";
import type { ProblemDraft } from "./problem-draft.ts";
import { readEndpoints } from "./read-endpoints.ts";
import { readService, type ServicePort, type ServiceSpec } from "./read-service.ts";

export type { ProblemDraft } from "./problem-draft.ts";

/** One port of one Kubernetes Service. */
export interface BackendRef {
  namespace: string;
  name: string;
  port: number | string | undefined;
}

export interface ResolveOptions {
  allowExternalName: boolean;
  /** What the reference says about the scheme; else the Service's port decides. */
  scheme?: string;
  /** Which of the Service's ports are meant; TCP when unset. */
  protocol?: ServiceProtocol;
}

export interface Backend {
  /** Its key in `Table.endpoints`: `<namespace>-<service>-<port number>`. */
  key: string;
  endpoints: Endpoints;
  scheme: LoadBalancer["scheme"];
  /** The host name, for a Service of the type ExternalName. */
  externalName?: string;
  service: KubernetesObject;
  /** What is wrong though it can be served. */
  problems: ProblemDraft[];
}

/** Finds where requests to a Service's port go. A `problem` instead when it cannot be told. */
export function resolveBackend(
  ref: BackendRef,
  objects: ObjectReader,
  options: ResolveOptions,
): Backend | { problem: ProblemDraft } {
  const { namespace, name } = ref;
  const service = objects.get("Service", namespace, name);
  if (service === undefined) return { problem: serviceNotFound(ref) };
  const { spec, problems } = readService(service);
  if (spec.type === "ExternalName" && !options.allowExternalName) return { problem: externalNameNotAllowed(ref) };
  const found = findServicePort(service, spec, ref.port, options.protocol);
  if (!("port" in found)) return found;
  const { port } = found;
  const backend = {
    key: serviceName(namespace, name, port.port),
    scheme: chooseScheme(options.scheme, port),
    service,
    problems: [...problems, ...(found.problem === undefined ? [] : [found.problem])],
  };
  if (spec.type === "ExternalName") {
    const external = readExternalName(service, spec.externalName ?? "");
    if ("problem" in external) return external;
    const { host } = external;
    return {
      ...backend,
      endpoints: { endpoints: [{ address: host, port: port.port, state: "ready" }] },
      externalName: host,
    };
  }
  const { endpoints, isKnown, problems: sliceProblems } = servingEndpoints(service, spec, port, objects);
  backend.problems.push(...sliceProblems);
  if (endpoints.endpoints.length === 0) backend.problems.push(noEndpoints(ref, port, isKnown));
  return { ...backend, endpoints };
}

interface ServingEndpoints {
  endpoints: Endpoints;
  isKnown: boolean;
  problems: readonly ProblemDraft[];
}

/** By a Service's slices: its routes share one value, so that a thousand of them cost no more than one. */
const known = new WeakMap<readonly KubernetesObject[], Map<string, ServingEndpoints>>();

function servingEndpoints(
  service: KubernetesObject,
  spec: ServiceSpec,
  port: ServicePort,
  objects: ObjectReader,
): ServingEndpoints {
  const { namespace = "", name } = service.metadata;
  const slices = objects.endpointSlices(namespace, name);
  const clusterIp = clusterIpOf(spec, port);
  const key = JSON.stringify([port.name, clusterIp]);
  const earlier = known.get(slices)?.get(key);
  if (earlier !== undefined) return earlier;
  const { endpoints, ...rest } = readEndpoints(service, port.name ?? "", slices, objects);
  const made = { ...rest, endpoints: { endpoints, ...(clusterIp === undefined ? {} : { clusterIp }) } };
  // Services without slices may share one empty list.
  if (slices.length > 0) known.set(slices, (known.get(slices) ?? new Map()).set(key, made));
  return made;
}

const schemes: readonly string[] = ["http", "https", "h2c"] satisfies LoadBalancer["scheme"][];
const isScheme = (text: string): text is LoadBalancer["scheme"] => schemes.includes(text);

/** The protocols of https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol */
const schemesByProtocol: ReadonlyMap<string, LoadBalancer["scheme"]> = new Map([
  ["http", "http"],
  ["https", "https"],
  ["kubernetes.io/h2c", "h2c"],
  ["kubernetes.io/ws", "http"],
  ["kubernetes.io/wss", "https"],
]);

/** Explicit, else the port's application protocol, else as in Traefik https for 443 and names that begin so. */
function chooseScheme(
  explicit: string | undefined,
  { name = "", port, appProtocol }: ServicePort,
): LoadBalancer["scheme"] {
  if (explicit !== undefined && isScheme(explicit)) return explicit;
  const byProtocol = schemesByProtocol.get(appProtocol?.toLowerCase() ?? "");
  return byProtocol ?? (port === 443 || name.startsWith("https") ? "https" : "http");
}

/** Headless Services have no address of their own. */
function clusterIpOf({ clusterIP = "" }: ServiceSpec, { port }: ServicePort): Endpoints["clusterIp"] {
  return clusterIP !== "" && ipaddr.isValid(clusterIP) ? { address: clusterIP, port } : undefined;
}

const refersTo = ({ namespace, name, port }: BackendRef): NonNullable<ProblemDraft["refersTo"]> => ({
  kind: "Service",
  namespace,
  name,
  ...(port === undefined ? {} : { port: String(port) }),
});

const serviceNotFound = (ref: BackendRef): ProblemDraft => ({
  code: "service-not-found",
  severity: "error",
  message: `The Service \`${ref.name}\` does not exist in the namespace \`${ref.namespace}\``,
  hint: "Create it there, or correct the name",
  refersTo: refersTo(ref),
});

const externalNameNotAllowed = (ref: BackendRef): ProblemDraft => ({
  code: "external-name-not-allowed",
  severity: "error",
  message: `The Service \`${ref.name}\` is of the type ExternalName, which is off`,
  hint: "Set `allowExternalNameServices` of the provider",
  refersTo: refersTo(ref),
});

function noEndpoints(ref: BackendRef, { name = "", port }: ServicePort, isKnown: boolean): ProblemDraft {
  const portText = name === "" ? `${port}` : `\`${name}\``;
  const hint = isKnown
    ? `See whether its Pods are ready, and whether its EndpointSlices have a port named like the Service's: ${name === "" ? "without a name" : portText}`
    : "It has no EndpointSlices: does it have a selector, and does that fit the Pods' labels?";
  return {
    code: "service-no-endpoints",
    severity: "warning",
    message: `The Service \`${ref.name}\` has no endpoint that can serve its port ${portText}`,
    hint,
    refersTo: refersTo(ref),
  };
}
