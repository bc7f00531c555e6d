import type * as z from "zod";
import type { TcpService, UdpService } from "../../../src/table/tcp.ts";
import { qualify } from "../names.ts";
import { readFields } from "../read-object.ts";
import { buildTcpLoadBalancer, tcpUnavailable } from "../streams/build-tcp-service.ts";
import { buildUdpLoadBalancer, udpUnavailable } from "../streams/build-udp-service.ts";
import type { StreamRef } from "../streams/stream-backend.ts";
import { type Context, type Place, within } from "../traefik/context.ts";
import { weightOf } from "./build-backends.ts";
import { permitReference } from "./permit-reference.ts";
import { GATEWAY_PROVIDER, putNamed } from "./put-named.ts";
import { streamBackendSchema } from "./stream-schema.ts";
import { useBackendTls } from "./use-backend-tls.ts";

export type StreamRouteKind = "TCPRoute" | "TLSRoute" | "UDPRoute";

interface Weighted {
  type: "weighted";
  children: { service: string; weight: number }[];
}

/**
 * Puts the service of a rule's backendRefs into the fragment.
 *
 * @param passesTls the client's own TLS reaches the Pod, so that nobody else can speak TLS to it
 * @returns its name, in `udpServices` for a UDPRoute, else in `tcpServices`
 */
export function buildStreamBackends(
  refs: readonly unknown[],
  name: string,
  kind: StreamRouteKind,
  place: Place,
  context: Context,
  passesTls = false,
): string {
  if (kind === "UDPRoute") {
    const build = (ref: StreamRef, at: Place): UdpService | undefined => buildUdpLoadBalancer(ref, at, context);
    const services = { part: context.table.udpServices, build, unavailable: () => udpUnavailable(context) };
    return buildWeighted(refs, name, services, kind, place, context);
  }
  const build = (ref: StreamRef, at: Place): TcpService | undefined => {
    const balancer = buildTcpLoadBalancer(ref, {}, at, context);
    const service = context.objects.get("Service", ref.namespace, ref.name);
    if (balancer === undefined || service === undefined || passesTls) return balancer;
    const tls = useBackendTls(service, ref.port, at, context);
    if (tls === undefined) return undefined;
    return tls.serversTransport === undefined ? balancer : { ...balancer, ...tls, tls: true };
  };
  const services = { part: context.table.tcpServices, build, unavailable: () => tcpUnavailable(context) };
  return buildWeighted(refs, name, services, kind, place, context);
}

/** Services of one protocol. */
interface ServiceFamily<T> {
  part: Record<string, T | Weighted>;
  build(ref: StreamRef, place: Place): T | undefined;
  /** Puts the service that serves nothing. */
  unavailable(): string;
}

/**
 * A backend that cannot be had, or has no endpoints, gets its share all the same, which is refused: its siblings get no more
 * than theirs (https://gateway-api.sigs.k8s.io/reference/spec/#tcprouterule).
 */
function buildWeighted<T extends TcpService | UdpService>(
  refs: readonly unknown[],
  name: string,
  family: ServiceFamily<T>,
  kind: StreamRouteKind,
  place: Place,
  context: Context,
): string {
  if (refs.length === 0) reportNone(place);
  const children = refs.map((element, index) => {
    const at = within(place, index);
    const ref = readFields(streamBackendSchema, element, at.path, at.report, at.misplaced);
    const service = ref && buildBackend(ref, family, kind, at, context);
    return { service, weight: ref === undefined ? weightOf(element) : ref.weight };
  });
  if (children.every(({ service }) => service === undefined)) return family.unavailable();
  const [only] = children;
  const isWeightless = children.every(({ weight }) => weight === 0);
  if (isWeightless) reportWeights(place);
  else if (children.length === 1 && only?.service !== undefined) return only.service;
  const canServe = (service: string): boolean => {
    const built = family.part[service];
    return built?.type === "loadBalancer" && (context.table.relayEndpoints[built.endpoints]?.endpoints.length ?? 0) > 0;
  };
  return putNamed(family.part, qualify(`${name}-wrr`, GATEWAY_PROVIDER), {
    type: "weighted",
    children: children.map(({ service, weight }) => ({
      service: service !== undefined && canServe(service) ? service : family.unavailable(),
      weight,
    })),
  });
}

/** Undefined, with the problem reported, when the backend cannot be had. */
function buildBackend<T extends TcpService | UdpService>(
  ref: z.output<typeof streamBackendSchema>,
  { part, build }: ServiceFamily<T>,
  kind: StreamRouteKind,
  at: Place,
  context: Context,
): string | undefined {
  const { group, kind: refKind, name, port } = ref;
  if (group !== "" || refKind !== "Service") {
    reportKind(refKind, at);
    return undefined;
  }
  const namespace = ref.namespace || at.namespace;
  if (!permitReference(kind, { group, kind: refKind, namespace, name }, at, context)) return undefined;
  const service = build({ namespace, name, port, allowExternalName: false }, at);
  return service && putNamed(part, qualify(`${namespace}-${name}-${port ?? ""}`, GATEWAY_PROVIDER), service);
}

const reportNone = ({ path, report }: Place): void =>
  report({
    code: "backend-not-found",
    severity: "error",
    path: path.slice(0, -1),
    message: "The rule has no backendRefs; nothing can be sent on",
    hint: "Add `backendRefs`",
  });

const reportKind = (kind: string, { path, report }: Place): void =>
  report({
    code: "backend-not-found",
    severity: "error",
    path: [...path, "kind"],
    message: `A backend cannot be a ${kind.slice(0, 60)}; its share is refused`,
    hint: "Name a Service",
  });

const reportWeights = ({ path, report }: Place): void =>
  report({
    code: "weights-empty",
    severity: "warning",
    path,
    message: "No backend of the rule has a weight; nothing is sent on",
    hint: "Give one of them a weight above 0",
  });
