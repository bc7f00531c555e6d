import type { TcpService, UdpService } from "../../../src/table/tcp.ts";
import { qualify } from "../names.ts";
import { readFields } from "../read-object.ts";
import { buildTcpLoadBalancer, tcpUnavailable } from "../streams/build-tcp-service.ts";
import { buildUdpLoadBalancer, udpUnavailable } from "../streams/build-udp-service.ts";
import type { StreamRef } from "../streams/stream-backend.ts";
import { type Context, type Place, within } from "../traefik/context.ts";
import { permitReference } from "./permit-reference.ts";
import { GATEWAY_PROVIDER, putNamed } from "./put-named.ts";
import { streamBackendSchema } from "./stream-schema.ts";

export type StreamRouteKind = "TCPRoute" | "TLSRoute" | "UDPRoute";

interface Weighted {
  type: "weighted";
  children: { service: string; weight: number }[];
}

/** Puts the service of a rule's backendRefs into the fragment. @returns its name, in `udpServices` for a UDPRoute, else in `tcpServices` */
export function buildStreamBackends(
  refs: readonly unknown[],
  name: string,
  kind: StreamRouteKind,
  place: Place,
  context: Context,
): string {
  if (kind === "UDPRoute") {
    const build = (ref: StreamRef, at: Place): UdpService | undefined => buildUdpLoadBalancer(ref, at, context);
    return buildWeighted(refs, name, context.table.udpServices, build, kind, place, context) ?? udpUnavailable(context);
  }
  const build = (ref: StreamRef, at: Place): TcpService | undefined => buildTcpLoadBalancer(ref, {}, at, context);
  return buildWeighted(refs, name, context.table.tcpServices, build, kind, place, context) ?? tcpUnavailable(context);
}

/** A backend that cannot be had leaves its share to the others, as a Service without endpoints does. Undefined when none is left. */
function buildWeighted<T>(
  refs: readonly unknown[],
  name: string,
  part: Record<string, T | Weighted>,
  build: (ref: StreamRef, place: Place) => T | undefined,
  kind: StreamRouteKind,
  place: Place,
  context: Context,
): string | undefined {
  if (refs.length === 0) reportNone(place);
  const children: Weighted["children"] = [];
  for (const [index, element] of refs.entries()) {
    const at = within(place, index);
    const read = readFields(streamBackendSchema, element, at.path, at.report, at.misplaced);
    if (read === undefined) continue;
    const { group, kind: refKind, weight } = read;
    if (group !== "" || refKind !== "Service") {
      reportKind(refKind, at);
      continue;
    }
    const namespace = read.namespace || place.namespace;
    if (!permitReference(kind, { group, kind: refKind, namespace, name: read.name }, at, context)) continue;
    const service = build({ namespace, name: read.name, port: read.port, allowExternalName: false }, at);
    if (service === undefined) continue;
    const port = read.port ?? "";
    children.push({
      service: putNamed(part, qualify(`${namespace}-${read.name}-${port}`, GATEWAY_PROVIDER), service),
      weight,
    });
  }
  const [only] = children;
  if (only === undefined) return undefined;
  if (children.every(({ weight }) => weight === 0)) reportWeights(place);
  else if (children.length === 1) return only.service;
  return putNamed(part, qualify(`${name}-wrr`, GATEWAY_PROVIDER), { type: "weighted", children });
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
    message: `A backend cannot be a ${kind.slice(0, 60)}; it gets nothing`,
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
