import type * as z from "zod";
import type { TcpService, UdpService } from "../../../src/table/tcp.ts";
import { putNamed } from "../gateway-api/put-named.ts";
import { qualify, serviceName, sha256Hex } from "../names.ts";
import { buildTcpLoadBalancer, tcpUnavailable } from "../streams/build-tcp-service.ts";
import { buildUdpLoadBalancer, udpUnavailable } from "../streams/build-udp-service.ts";
import type { StreamRef } from "../streams/stream-backend.ts";
import { type Context, type Place, readElements, within } from "./context.ts";
import { reportCrossNamespace } from "./report-cross-namespace.ts";
import { useServersTransportTcp } from "./servers-transport-tcp.ts";
import {
  type TcpServiceOptions,
  tcpServiceSchema,
  type UdpServiceOptions,
  udpServiceSchema,
} from "./stream-route-schema.ts";

/** Puts the services of a route of connections into the fragment's table. @returns the name of the one that the router has */
export function buildTcpServices(
  services: readonly unknown[],
  routerName: string,
  place: Place,
  context: Context,
): string {
  const built = buildServices(services, routerName, place, {
    schema: tcpServiceSchema,
    part: context.table.tcpServices,
    build: (options, at) => buildTcp(options, at, context),
  });
  return built ?? tcpUnavailable(context);
}

/** As `buildTcpServices`, for datagrams. */
export function buildUdpServices(
  services: readonly unknown[],
  routerName: string,
  place: Place,
  context: Context,
): string {
  const built = buildServices(services, routerName, place, {
    schema: udpServiceSchema,
    part: context.table.udpServices,
    build(options, at) {
      const ref = readReference(options, at, context);
      return ref && buildUdpLoadBalancer(ref, at, context);
    },
  });
  return built ?? udpUnavailable(context);
}

interface Weighted {
  type: "weighted";
  children: { service: string; weight: number }[];
}

interface ServiceFamily<S extends z.ZodType, T> {
  schema: S;
  /** Where the services are put. */
  part: Record<string, T | Weighted>;
  build(options: z.output<S>, place: Place): T | undefined;
}

/**
 * One service is named after the router; several become the children of a weighted service that is. A child that cannot
 * be resolved is left out: its share goes to the others. Undefined when none is left.
 */
function buildServices<S extends z.ZodType<UdpServiceOptions>, T extends TcpService | UdpService>(
  services: readonly unknown[],
  routerName: string,
  place: Place,
  { schema, part, build }: ServiceFamily<S, T>,
): string | undefined {
  if (services.length === 0) {
    place.report({
      code: "invalid-field",
      severity: "error",
      path: place.path.slice(0, -1),
      message: "The route has no services, so that nothing can be sent on",
      hint: "Write `services: [{ name, port }]`",
    });
    return undefined;
  }
  const readable = readElements(schema, services, place);
  const children: Weighted["children"] = [];
  for (const { value: options, at } of readable) {
    const service = build(options, at);
    if (service === undefined) continue;
    const { weight = 1 } = options;
    if (services.length === 1) {
      part[routerName] = service;
      return routerName;
    }
    children.push({ service: putChild(options, service, at, part), weight });
  }
  if (services.length > 1 && readable.every(({ value }) => value.weight === 0)) reportWeights(place);
  if (children.length === 0) return undefined;
  part[routerName] = { type: "weighted", children };
  return routerName;
}

/** Named by what it refers to, with a hash of its options when it has any: others may name the Service with other ones. */
function putChild<T extends object>(
  { namespace, name, port, nativeLB }: UdpServiceOptions,
  service: T,
  place: Place,
  part: Record<string, T | Weighted>,
): string {
  const { endpoints: _, ...options } = { endpoints: "", ...service };
  const text = JSON.stringify({ ...options, ...(nativeLB && { nativeLB }) });
  const suffix = text === '{"type":"loadBalancer"}' ? "" : `-${sha256Hex(text).slice(0, 8)}`;
  return putNamed(part, qualify(`${serviceName(namespace || place.namespace, name, port)}${suffix}`), service);
}

function readReference(options: UdpServiceOptions, place: Place, { settings }: Context): StreamRef | undefined {
  const { name, port, nativeLB, nodePortLB } = options;
  const namespace = options.namespace || place.namespace;
  if (namespace !== place.namespace && !settings.crd.allowCrossNamespace) {
    reportCrossNamespace(`the Service \`${name}\` in the namespace \`${namespace}\``, within(place, "namespace"));
    return undefined;
  }
  if (nodePortLB) {
    place.report({
      code: "unsupported-field",
      severity: "warning",
      path: [...place.path, "nodePortLB"],
      message: "`nodePortLB` is not supported; the Pods themselves are connected to",
      hint: "Leave it out",
    });
  }
  return { namespace, name, port, nativeLB, allowExternalName: settings.crd.allowExternalNameServices };
}

function buildTcp(options: TcpServiceOptions, place: Place, context: Context): TcpService | undefined {
  const ref = readReference(options, place, context);
  const transport = useServersTransportTcp(options.serversTransport, within(place, "serversTransport"), context);
  if (ref === undefined || transport === undefined) return undefined;
  const { terminationDelay, proxyProtocol, tls } = options;
  const named = transport.name === undefined ? undefined : transport;
  if (named?.hasTls && tls !== true) {
    place.report({
      code: "misplaced-field",
      severity: "warning",
      path: [...place.path, "serversTransport"],
      message: "The ServersTransportTCP says how to speak TLS, and the service does not ask for it: Pods get none",
      hint: "Add `tls: true` to the service",
    });
  }
  return buildTcpLoadBalancer(
    ref,
    {
      ...named?.balancing,
      ...(named && { serversTransport: named.name }),
      ...(terminationDelay !== undefined && { terminationDelayMs: terminationDelay }),
      ...(proxyProtocol !== undefined && { proxyProtocol: proxyProtocol.version ?? 2 }),
      ...(tls !== undefined && { tls }),
    },
    place,
    context,
  );
}

const reportWeights = ({ path, report }: Place): void =>
  report({
    code: "weights-empty",
    severity: "error",
    path,
    message: "All weights are 0: nothing is served",
    hint: "Give one service a weight above 0",
  });
