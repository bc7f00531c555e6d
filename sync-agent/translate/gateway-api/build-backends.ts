import type { LoadBalancer, Service, StickyCookie } from "../../../src/table/service.ts";
import { putEndpoints } from "../kubernetes/put-endpoints.ts";
import { resolveBackend } from "../kubernetes/resolve-backend.ts";
import { readServiceAnnotations } from "../kubernetes/service-annotations.ts";
import { qualify } from "../names.ts";
import { readFields } from "../read-object.ts";
import { cookieValues } from "../sticky-cookie.ts";
import { buildTraefikService } from "../traefik/build-traefik-service.ts";
import { type Context, type Place, within } from "../traefik/context.ts";
import { buildFilters, type FilterScope } from "./build-filters.ts";
import { permitReference } from "./permit-reference.ts";
import { GATEWAY_PROVIDER, putNamed } from "./put-named.ts";
import type { RouteKind } from "./route-kind.ts";
import { type BackendRef, backendRefSchema } from "./route-schema.ts";
import { podSession } from "./session-persistence.ts";
import { useBackendTls } from "./use-backend-tls.ts";

/** Answers for backends that cannot be had (Gateway API, HTTPBackendRef). */
const INVALID_BACKEND = "invalid-backend@internal";

export function invalidBackend({ table }: Context): string {
  table.services[INVALID_BACKEND] = { type: "status", status: 500 };
  return INVALID_BACKEND;
}

/**
 * Puts the service of a rule's backendRefs into the fragment's table. A backend that cannot be had answers 500 for
 * its share; so does a rule of which no backend has a weight.
 */
export function buildBackends(
  list: readonly unknown[],
  place: Place,
  scope: FilterScope,
  sticky: StickyCookie | undefined,
): string {
  const { context } = scope;
  const children = list.map((element, index) => {
    const at = within(place, index);
    const ref = readFields(backendRefSchema, element, at.path, at.report, at.misplaced);
    if (ref === undefined) return { service: invalidBackend(context), weight: weightOf(element) };
    const ownSticky = list.length === 1 ? sticky : sticky && podSession(sticky);
    const service = buildBackend(ref, at, { ...scope, name: `${scope.name}-${index}` }, ownSticky);
    return { service: service ?? invalidBackend(context), weight: ref.weight };
  });
  const [only] = children;
  if (only === undefined || children.every(({ weight }) => weight === 0)) {
    if (only !== undefined) reportWeights(place);
    return invalidBackend(context);
  }
  if (children.length === 1) return only.service;
  const { clientKey } = scope;
  const isNamed = sticky !== undefined || clientKey !== undefined;
  const weighted: Service = {
    type: "weighted",
    children: children.map((child) => ({ ...child, ...(isNamed ? cookieValues(child.service) : {}) })),
    ...(sticky === undefined ? {} : { sticky }),
    ...(clientKey === undefined ? {} : { clientKey }),
  };
  return putNamed(context.table.services, qualify(`${scope.name}-wrr`, GATEWAY_PROVIDER), weighted);
}

/** Of a backendRef that cannot be read: its share is refused, so that its siblings get no more than theirs. */
export function weightOf(element: unknown): number {
  const weight: unknown = typeof element === "object" && element !== null ? Reflect.get(element, "weight") : undefined;
  return typeof weight === "number" && Number.isSafeInteger(weight) && weight >= 0 ? weight : 1;
}

function buildBackend(
  ref: BackendRef,
  place: Place,
  scope: FilterScope,
  sticky: StickyCookie | undefined,
): string | undefined {
  const filters = buildFilters(ref.filters, within(place, "filters"), scope);
  const service = resolveReference(ref, place, scope, sticky);
  if (service === undefined || "failed" in filters) return undefined;
  const { services } = scope.context.table;
  const mirrored = wrapMirrors(service, filters.mirrors, scope);
  if (filters.middlewares.length === 0) return mirrored;
  const filtered: Service = { type: "filtered", middlewares: filters.middlewares, service: mirrored };
  return putNamed(services, qualify(`${scope.name}-filtered`, GATEWAY_PROVIDER), filtered);
}

/** A service with its mirrors around it; itself when it has none. */
export function wrapMirrors(
  service: string,
  mirrors: { service: string; percent: number }[],
  { name, context }: FilterScope,
): string {
  if (mirrors.length === 0) return service;
  const mirroring: Service = { type: "mirroring", service, mirrorBody: true, maxBodySize: -1, mirrors };
  return putNamed(context.table.services, qualify(`${name}-mirror`, GATEWAY_PROVIDER), mirroring);
}

/** The service of a mirror's backendRef. */
export function buildMirror(element: unknown, place: Place, kind: RouteKind, context: Context): string | undefined {
  const schema = backendRefSchema.omit({ weight: true, filters: true });
  const ref = readFields(schema, element, place.path, place.report, place.misplaced);
  return ref && resolveReference(ref, place, { kind, context }, undefined);
}

const traefikGroups = new Set(["traefik.io", "traefik.containo.us"]);

function resolveReference(
  ref: Omit<BackendRef, "weight" | "filters">,
  place: Place,
  { kind: route, context }: Pick<FilterScope, "kind" | "context">,
  sticky: StickyCookie | undefined,
): string | undefined {
  const { group, kind, name, port } = ref;
  const isService = group === "" && kind === "Service";
  if (!isService && !(traefikGroups.has(group) && kind === "TraefikService")) {
    place.report({
      code: "backend-not-found",
      severity: "error",
      path: [...place.path, "kind"],
      message: `A backend cannot be a ${kind.slice(0, 60)}${group === "" ? "" : ` of \`${group.slice(0, 60)}\``}; its share of the requests gets 500`,
      hint: "Name a Service, or a TraefikService of `traefik.io`",
    });
    return undefined;
  }
  const namespace = ref.namespace || place.namespace;
  if (!permitReference(route.kind, { group, kind, namespace, name }, place, context)) return undefined;
  if (!isService) {
    return buildTraefikService({ name, kind: "TraefikService" }, { ...place, namespace }, context)?.name;
  }
  const resolved = resolveBackend({ namespace, name, port }, context.objects, { allowExternalName: false });
  for (const problem of "problem" in resolved ? [resolved.problem] : resolved.problems) {
    const isExternal = problem.code === "external-name-not-allowed";
    const hint = `A ${route.kind} takes none; an IngressRoute does when \`allowExternalNameServices\` is set`;
    place.report({ ...problem, path: place.path, ...(isExternal ? { hint } : {}) });
  }
  if ("problem" in resolved) return undefined;
  const annotated = readServiceAnnotations(resolved.service);
  for (const problem of annotated.problems) place.report({ ...problem, path: place.path });
  const tls = useBackendTls(resolved.service, port, place, context);
  if (tls === undefined) return undefined;
  const { table } = context;
  const plainScheme = resolved.scheme === "http" ? route.plainScheme : resolved.scheme;
  const scheme = tls.serversTransport === undefined ? plainScheme : "https";
  const balancer: LoadBalancer = {
    type: "loadBalancer",
    endpoints: putEndpoints(resolved, context),
    scheme,
    passHostHeader: true,
    transport: "gateway",
    ...tls,
    ...(sticky === undefined ? {} : { sticky }),
    ...annotated.balancing,
  };
  // A HTTPRoute to the same port speaks to it otherwise: these are two services.
  const service = scheme === resolved.scheme ? resolved.key : `${resolved.key}-${scheme}`;
  return putNamed(table.services, qualify(service, GATEWAY_PROVIDER), balancer);
}

function reportWeights({ path, report }: Place): void {
  report({
    code: "weights-empty",
    severity: "warning",
    path,
    message: "No backend of the rule has a weight; all requests get 500",
    hint: "Give one of them a weight above 0",
  });
}
