import type { LoadBalancer } from "../../../src/table/service.ts";
import { distinctName } from "../distinct-name.ts";
import { parseGoDuration } from "../go-duration.ts";
import { chooseTransport } from "../kubernetes/choose-transport.ts";
import { putEndpoints } from "../kubernetes/put-endpoints.ts";
import { resolveBackend } from "../kubernetes/resolve-backend.ts";
import { type Balancing, readServiceAnnotations, readStrategy } from "../kubernetes/service-annotations.ts";
import { localName, qualify, serviceName, sha256Hex, withSuffix } from "../names.ts";
import { stickyCookie } from "../sticky-cookie.ts";
import { buildTraefikService } from "./build-traefik-service.ts";
import { type Context, type Place, within } from "./context.ts";
import { reportCrossNamespace } from "./report-cross-namespace.ts";
import { useServersTransport } from "./servers-transport.ts";
import { readHealth } from "./service-health-check.ts";
import type { ServiceOptions } from "./service-schema.ts";
import { useMiddlewares } from "./use-middlewares.ts";

export interface BuiltService {
  /** The service's name in the table. */
  name: string;
  /** Its name as a child, without options and provider: what Traefik makes cookie values from. */
  childName: string;
}

/** Stands in where a service is needed and the reference cannot be resolved. */
const UNAVAILABLE = "unavailable@internal";

export function unavailable(context: Context): string {
  context.table.services[UNAVAILABLE] = { type: "status", status: 503 };
  return UNAVAILABLE;
}

/**
 * Builds what a reference names and puts it into the fragment's table. `ownName` is the name of a route's only
 * service (the router's); others are named by what they refer to, with a hash of their options when they have
 * any, so that two routes with different options for one Service do not overwrite each other (as in Traefik).
 *
 * Undefined, with the problem reported, when the reference cannot be resolved or one of its guards cannot be built.
 */
export function buildService(
  options: ServiceOptions,
  place: Place,
  context: Context,
  ownName?: string,
): BuiltService | undefined {
  if (options.kind === "TraefikService") reportOptionsOfPods(options, place);
  const built =
    options.kind === "TraefikService"
      ? buildTraefikService(options, place, context)
      : buildLoadBalancer(options, place, context, ownName);
  if (built === undefined || options.middlewares === undefined) return built;
  const { names, closedBy } = useMiddlewares(options.middlewares, within(place, "middlewares"), context);
  if (closedBy !== undefined) return undefined;
  if (names.length === 0) return built;
  const name = withSuffix(built.name, `-${sha256Hex(names.join(" ")).slice(0, 8)}`);
  context.table.services[name] = { type: "filtered", middlewares: names, service: built.name };
  return { ...built, name };
}

function buildLoadBalancer(
  options: ServiceOptions,
  place: Place,
  context: Context,
  ownName: string | undefined,
): BuiltService | undefined {
  const { settings, table, objects } = context;
  const namespace = options.namespace || place.namespace;
  if (namespace !== place.namespace && !settings.crd.allowCrossNamespace) {
    reportCrossNamespace(
      `the Service \`${options.name}\` in the namespace \`${namespace}\``,
      within(place, "namespace"),
    );
    return undefined;
  }
  const ref = { namespace, name: options.name, port: options.port };
  const resolved = resolveBackend(ref, objects, {
    allowExternalName: settings.crd.allowExternalNameServices,
    ...(options.scheme === undefined ? {} : { scheme: options.scheme }),
  });
  const problems = "problem" in resolved ? [resolved.problem] : resolved.problems;
  for (const problem of problems) {
    const field = problem.code === "service-port-not-found" && options.port !== undefined ? "port" : "name";
    place.report({ ...problem, path: [...place.path, field] });
  }
  if ("problem" in resolved) return undefined;
  if (options.nodePortLB) reportNodePorts(place);
  const annotated = readServiceAnnotations(resolved.service);
  for (const problem of annotated.problems) place.report({ ...problem, path: [...place.path, "name"] });

  const transport = useServersTransport(options.serversTransport, within(place, "serversTransport"), context);
  if (transport === undefined) return undefined;
  const childName = serviceName(namespace, options.name, options.port);
  const isNative = options.nativeLB === true && resolved.endpoints.clusterIp !== undefined;
  const endpoints = putEndpoints(resolved, context, isNative);
  const passHostHeader = options.passHostHeader ?? true;
  const sticky = stickyCookie(options.sticky, ownName ?? qualify(childName));
  const flushIntervalMs = readFlushInterval(options, place);
  const plain: LoadBalancer = {
    type: "loadBalancer",
    endpoints,
    scheme: resolved.scheme,
    passHostHeader: true,
    transport: "gateway",
  };
  const asked = {
    passHostHeader,
    ...(sticky === undefined ? {} : { sticky }),
    ...(transport.name === undefined ? {} : { serversTransport: transport.name }),
    ...(flushIntervalMs === undefined ? {} : { flushIntervalMs }),
    ...readBalancing(options, annotated.balancing, place),
  };
  const balancer: LoadBalancer = {
    ...plain,
    transport: chooseTransport(resolved.externalName, asked),
    ...asked,
  };
  const text = JSON.stringify(balancer);
  const hasOptions = options.scheme !== undefined || isNative || text !== JSON.stringify(plain);
  const suffix = hasOptions ? `-${sha256Hex(text).slice(0, 8)}` : "";
  const plainName = qualify(`${childName}${suffix}`);
  const identity = `Service ${namespace}/${options.name} ${options.port}`;
  const name = ownName ?? distinctName("services", plainName, identity, context);
  table.services[name] = balancer;
  // Cookies tell children apart by it.
  return { name, childName: ownName === undefined && name !== plainName ? localName(name) : childName };
}

function readFlushInterval(options: ServiceOptions, place: Place): number | undefined {
  const interval = options.responseForwarding?.flushInterval;
  if (interval === undefined) return undefined;
  const ms = parseGoDuration(interval);
  if (ms === undefined) {
    place.report({
      code: "invalid-field",
      severity: "warning",
      path: [...place.path, "responseForwarding", "flushInterval"],
      message: `\`${interval}\` is not a duration; the default of 100ms holds`,
      hint: "Write it like `100ms` or `1s`",
    });
  }
  return ms;
}

/** What a reference says goes before what the Service says of itself. */
function readBalancing(
  options: ServiceOptions,
  { strategy: annotated, clientKey, ...health }: Balancing,
  { path, report }: Place,
): Balancing {
  const { strategy: given } = options;
  const own = given === undefined ? undefined : readStrategy(given);
  if (given !== undefined && own === undefined) {
    report({
      code: "invalid-field",
      severity: "warning",
      path: [...path, "strategy"],
      message: `There is no strategy \`${given.slice(0, 60)}\`; Pods are taken in turn`,
      hint: "Use `wrr`, `p2c`, `hrw`, `leasttime` or `drr`",
    });
  }
  const strategy = own ?? annotated ?? "wrr";
  return {
    ...health,
    ...readHealth(options),
    ...(strategy !== "wrr" && { strategy }),
    ...(strategy === "hrw" && clientKey !== undefined && { clientKey }),
  };
}

function reportNodePorts({ path, report }: Place): void {
  report({
    code: "unsupported-field",
    severity: "warning",
    path: [...path, "nodePortLB"],
    message: "`nodePortLB` is not supported; requests go to the Pods themselves",
    hint: "Leave it out",
  });
}

/** What a reference says of a Service's Pods means nothing for a TraefikService, which may have many Services. */
const ofPods = [
  "sticky",
  "strategy",
  "healthCheck",
  "passiveHealthCheck",
  "serversTransport",
  "scheme",
  "passHostHeader",
  "responseForwarding",
] as const satisfies (keyof ServiceOptions)[];

function reportOptionsOfPods(options: ServiceOptions, { path, report }: Place): void {
  for (const field of ofPods) {
    if (options[field] === undefined) continue;
    report({
      code: "misplaced-field",
      severity: "warning",
      path: [...path, field],
      message: `\`${field}\` has no effect where a TraefikService is named`,
      hint:
        field === "sticky" ? "Write it into its `spec.weighted`" : "Write it where the TraefikService names Services",
    });
  }
}
