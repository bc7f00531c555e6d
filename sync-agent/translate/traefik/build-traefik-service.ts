import type { ClientKey, Service, Weighted } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { nameOfObject } from "../distinct-name.ts";
import { misplacedFields } from "../misplaced-fields.ts";
import { localName } from "../names.ts";
import { readSpec } from "../read-object.ts";
import { serviceSize } from "../service-size.ts";
import { cookieValues, stickyCookie } from "../sticky-cookie.ts";
import { type BuiltService, buildService, unavailable } from "./build-service.ts";
import { type Context, MAX_NESTING, type Place, readElements, silent, within } from "./context.ts";
import { findByName } from "./find-by-name.ts";
import { reportCrossNamespace } from "./report-cross-namespace.ts";
import { readObjectClientKey, reportClientKey } from "./service-client-key.ts";
import { type ServiceOptions, serviceSchema } from "./service-schema.ts";
import { mirrorSchema, type TraefikServiceSpec, traefikServiceSchema } from "./traefik-service-schema.ts";

/** Builds the TraefikService that a reference names. Undefined, with the problem reported, when there is none. */
export function buildTraefikService(
  { name, namespace }: ServiceOptions,
  place: Place,
  context: Context,
): BuiltService | undefined {
  if (name === "noop@internal") {
    context.table.services[name] = { type: "status", status: 418 };
    return { name, childName: name };
  }
  const object = name.includes("@")
    ? findInProvider(name, place, context)
    : findInNamespace(name, namespace || place.namespace, place, context);
  if (object === undefined) return undefined;
  const key = nameOfObject("services", object, context);
  const childName = localName(key);
  const [outermost = key] = context.building;
  if (context.building.has(key) || context.building.size >= MAX_NESTING) {
    const closedOn = context.building.has(key) ? key : outermost;
    if (closedOn !== place.owner) context.closedOn.add(closedOn);
    reportCycle(name, place);
    return undefined;
  }
  if (!Object.hasOwn(context.table.services, key)) putTraefikService(object, silent, context);
  if (place.owner !== undefined && context.closedOn.delete(place.owner)) reportCycle(name, place);
  return { name: key, childName };
}

/** Builds the service of a TraefikService and puts it into the table under its name. */
export function putTraefikService(object: KubernetesObject, report: Place["report"], context: Context): void {
  const namespace = object.metadata.namespace ?? "";
  const key = nameOfObject("services", object, context);
  context.building.add(key);
  const spec = readSpec(traefikServiceSchema, object, report);
  const place: Place = { namespace, path: ["spec"], report, misplaced: misplacedFields.TraefikService, owner: key };
  const service = spec && build(spec, key, place, context, readObjectClientKey(object, report));
  context.table.services[key] =
    service === undefined || isTooLarge(service, place, context) ? { type: "status", status: 503 } : service;
  context.building.delete(key);
}

/** A service that refers twice to one that does so again doubles with each step. */
const MOST_SERVICES = 1000;

/** Whether there are more services behind one than a request should have to ask; reports it. */
export function isTooLarge(service: Service, { path, report }: Place, context: Context): boolean {
  const size = serviceSize(service, context.table.services, context.sizes);
  if (size <= MOST_SERVICES) return false;
  report({
    code: "service-too-large",
    severity: "error",
    path,
    message: `More than ${MOST_SERVICES} services stand behind this one, each counted as often as it is referred to; requests get 503`,
    hint: "Refer to each service once, with all of its weight",
  });
  return true;
}

function build(
  spec: TraefikServiceSpec,
  key: string,
  place: Place,
  context: Context,
  clientKey: ClientKey | undefined,
): Service | undefined {
  const { weighted, mirroring, failover, highestRandomWeight } = spec;
  const kinds = [weighted, mirroring, failover, highestRandomWeight].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) {
    place.report({
      code: "invalid-field",
      severity: "error",
      path: place.path,
      message: `A TraefikService is one of \`weighted\`, \`mirroring\`, \`failover\`, and this is ${kinds.length === 0 ? "none" : "several"}`,
      hint:
        kinds.length === 0
          ? "Give it one of them, or let its routes name the Service itself"
          : "Make one object of each, and let them refer to each other",
    });
    return undefined;
  }
  if (weighted !== undefined) {
    const sticky = stickyCookie(weighted.sticky, key);
    return buildWeighted(weighted.services, within(place, "weighted", "services"), context, {
      ...(sticky && { sticky }),
      ...(clientKey && { clientKey }),
    });
  }
  if (highestRandomWeight !== undefined) {
    const at = within(place, "highestRandomWeight", "services");
    const by = clientKey ?? { type: "address" };
    return buildWeighted(highestRandomWeight.services ?? [], at, context, { clientKey: by });
  }
  if (clientKey !== undefined) reportClientKey(place.report);
  if (mirroring !== undefined) return buildMirroring(mirroring, within(place, "mirroring"), context);
  if (failover !== undefined) return buildFailover(failover, within(place, "failover"), context);
  return undefined;
}

/**
 * A child that cannot be resolved is left out of the choosing: its share goes to the others. Undefined when none is
 * left.
 */
export function buildWeighted(
  services: readonly unknown[],
  place: Place,
  context: Context,
  options: Pick<Weighted, "sticky" | "clientKey"> = {},
): Weighted | undefined {
  const isNamed = options.sticky !== undefined || options.clientKey !== undefined;
  const children: Weighted["children"] = [];
  const readable = readElements(serviceSchema, services, place);
  for (const { value: options, at } of readable) {
    const built = buildService(options, at, context);
    if (built === undefined) continue;
    const values = isNamed ? cookieValues(built.childName) : {};
    children.push({ service: built.name, weight: options.weight ?? 1, ...values });
  }
  if (readable.every(({ value }) => value.weight === 0) && readable.length === services.length) {
    place.report({
      code: "weights-empty",
      severity: "error",
      path: place.path,
      message: services.length === 0 ? "There are no services" : "All weights are 0: no new session is served",
      hint: "Give one service a weight above 0",
    });
  }
  return children.length === 0 ? undefined : { type: "weighted", children, ...options };
}

function buildMirroring(
  options: NonNullable<TraefikServiceSpec["mirroring"]>,
  place: Place,
  context: Context,
): Service {
  const main = buildService(options, place, context)?.name ?? unavailable(context);
  const mirrors: { service: string; percent: number }[] = [];
  for (const { value: mirror, at } of readElements(mirrorSchema, options.mirrors ?? [], within(place, "mirrors"))) {
    const { percent = 0 } = mirror;
    if (percent < 0 || percent > 100) {
      at.report({
        code: "percent-out-of-range",
        severity: "error",
        path: [...at.path, "percent"],
        message: `A mirror's percentage is between 0 and 100, not ${percent}`,
      });
      continue;
    }
    const built = buildService(mirror, at, context);
    if (built !== undefined) mirrors.push({ service: built.name, percent });
  }
  const { mirrorBody = true, maxBodySize = -1 } = options;
  return { type: "mirroring", service: main, mirrorBody, maxBodySize, mirrors };
}

/** What an isolate can keep of a request's body for the fallback: thousands of requests share its memory. */
const MAX_KEPT = 1024 * 1024;

function buildFailover(options: NonNullable<TraefikServiceSpec["failover"]>, place: Place, context: Context): Service {
  const { status = [], maxRequestBodyBytes = -1 } = options.errors ?? {};
  if (maxRequestBodyBytes > MAX_KEPT) {
    place.report({
      code: "failover-body-limit",
      severity: "warning",
      path: [...place.path, "errors", "maxRequestBodyBytes"],
      message: "Of a request's body at most 1 MiB is kept for the fallback",
      hint: `Write \`${MAX_KEPT}\` or less`,
    });
  }
  const maxBodyBytes = maxRequestBodyBytes < 0 ? MAX_KEPT : Math.min(maxRequestBodyBytes, MAX_KEPT);
  const service = buildService(options.service, within(place, "service"), context)?.name ?? unavailable(context);
  const fallback = buildService(options.fallback, within(place, "fallback"), context)?.name ?? unavailable(context);
  return {
    type: "failover",
    service,
    fallback,
    ...(status.length > 0 && { errors: { status, maxBodyBytes } }),
  };
}

function findInNamespace(
  name: string,
  namespace: string,
  place: Place,
  context: Context,
): KubernetesObject | undefined {
  if (namespace !== place.namespace && !context.settings.crd.allowCrossNamespace) {
    reportCrossNamespace(
      `the TraefikService \`${name}\` in the namespace \`${namespace}\``,
      within(place, "namespace"),
    );
    return undefined;
  }
  const object = context.objects.get("TraefikService", namespace, name);
  if (object === undefined) reportMissing(name, namespace, place);
  return object;
}

function findInProvider(name: string, place: Place, context: Context): KubernetesObject | undefined {
  const [local = "", provider] = [name.slice(0, name.lastIndexOf("@")), name.slice(name.lastIndexOf("@") + 1)];
  if (provider !== "kubernetescrd") {
    place.report({
      code: "cross-provider-reference",
      severity: "error",
      path: [...place.path, "name"],
      message: `There is no provider \`${provider}\`; requests get 503`,
      ...(provider === "internal" ? { hint: "Traefik's own dashboard and API have no counterpart here" } : {}),
    });
    return undefined;
  }
  if (!context.settings.crd.allowCrossNamespace) {
    reportCrossNamespace(`\`${name}\``, within(place, "name"));
    return undefined;
  }
  const object = findByName("TraefikService", local, context.objects, place.namespace);
  if (object === undefined) reportMissing(name, place.namespace, place);
  return object;
}

function reportMissing(name: string, namespace: string, { path, report }: Place): void {
  report({
    code: "traefik-service-not-found",
    severity: "error",
    path: [...path, "name"],
    message: `The TraefikService \`${name}\` does not exist in the namespace \`${namespace}\``,
    hint: "Create it, or leave out `kind: TraefikService` when a Service is meant",
    refersTo: { kind: "TraefikService", namespace, name },
  });
}

function reportCycle(name: string, { path, report }: Place): void {
  report({
    code: "reference-cycle",
    severity: "error",
    path: [...path, "name"],
    message: `\`${name}\` refers back to this object, or too many refer to each other in a row`,
    hint: "Let one of them refer to a Service",
  });
}
