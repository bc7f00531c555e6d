import type { LoadBalancer } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { distinctName } from "../distinct-name.ts";
import { refOf } from "../fragment.ts";
import { chooseTransport } from "../kubernetes/choose-transport.ts";
import { putEndpoints } from "../kubernetes/put-endpoints.ts";
import { resolveBackend } from "../kubernetes/resolve-backend.ts";
import { readServiceAnnotations } from "../kubernetes/service-annotations.ts";
import { qualify, serviceName, sha256Hex, withSuffix } from "../names.ts";
import type { Problem } from "../problem.ts";
import type { Report } from "../read-object.ts";
import { stickyCookie } from "../sticky-cookie.ts";
import { unavailable } from "../traefik/build-service.ts";
import { type Context, type Place, within } from "../traefik/context.ts";
import { useServersTransport } from "../traefik/servers-transport.ts";
import { useNamedMiddlewares } from "../traefik/use-middlewares.ts";
import type { IngressBackend } from "./ingress-schema.ts";
import { readServiceOptions, type ServiceOptions } from "./service-annotations.ts";

export const INGRESS_PROVIDER = "kubernetes";

/** What the backends of one Ingress share. */
export interface BackendContext {
  context: Context;
  /** What the Ingress itself says (`preserve-host`). */
  passHostHeader: boolean | undefined;
  /** Takes problems of other objects. */
  problems: Problem[];
  /** What was said of them, and what Services say of themselves: thousands of paths may lead to one. */
  said: Set<string>;
  options: Map<KubernetesObject, ServiceOptions>;
}

/**
 * Puts the service of a backend into the fragment's table and gives its name, `<namespace>-<service>-<port>`. What
 * cannot be resolved is reported and answers 503.
 */
export function buildBackend(backend: IngressBackend, place: Place, shared: BackendContext): string {
  const { context } = shared;
  const { settings, table, objects } = context;
  const { namespace, report } = place;
  if (backend.service === undefined) {
    reportNoService(backend, place);
    return unavailable(context);
  }
  const { name, port } = backend.service;
  const ref = { namespace, name, port };
  const service = objects.get("Service", namespace, name);
  const options = service && optionsOf(service, shared);
  const resolved = resolveBackend(ref, objects, {
    allowExternalName: settings.ingress.allowExternalNameServices,
    ...(options?.scheme === undefined ? {} : { scheme: options.scheme }),
  });
  for (const problem of "problem" in resolved ? [resolved.problem] : resolved.problems) {
    report({ ...problem, path: place.path });
  }
  if ("problem" in resolved || service === undefined || options === undefined) return unavailable(context);

  const serviceAt: Place = {
    namespace,
    path: options.serversTransport?.path ?? [],
    report: reporterFor(service, shared),
  };
  const annotated = readServiceAnnotations(service);
  for (const problem of annotated.problems) report({ ...problem, path: place.path });
  const transport = useServersTransport(options.serversTransport?.value, serviceAt, withCrossNamespace(context));
  if (transport === undefined) return unavailable(context);
  const plain = qualify(serviceName(namespace, name, port), INGRESS_PROVIDER);
  const key = distinctName("services", plain, `Service ${namespace}/${name} ${port}`, context);
  const endpoints = putEndpoints(resolved, context, options.nativeLB);
  const passHostHeader = options.passHostHeader ?? shared.passHostHeader ?? true;
  const sticky = stickyCookie(options.sticky, key);
  const asked = {
    passHostHeader,
    ...(sticky === undefined ? {} : { sticky }),
    ...(transport.name === undefined ? {} : { serversTransport: transport.name }),
    ...annotated.balancing,
  };
  const balancer: LoadBalancer = {
    type: "loadBalancer",
    endpoints,
    scheme: resolved.scheme,
    transport: chooseTransport(resolved.externalName, asked),
    ...asked,
  };
  table.services[key] = balancer;
  if (options.middlewares === undefined) return key;
  const middlewaresAt = { ...serviceAt, path: options.middlewares.path };
  const { names, closedBy } = useNamedMiddlewares(options.middlewares.names, middlewaresAt, context);
  if (closedBy !== undefined) return unavailable(context);
  if (names.length === 0) return key;
  const filtered = withSuffix(key, `-${sha256Hex(names.join(" ")).slice(0, 8)}`);
  table.services[filtered] = { type: "filtered", middlewares: names, service: key };
  return filtered;
}

function optionsOf(service: KubernetesObject, shared: BackendContext): ServiceOptions {
  let options = shared.options.get(service);
  if (options === undefined) {
    options = readServiceOptions(service, reporterFor(service, shared));
    shared.options.set(service, options);
  }
  return options;
}

/** Annotations name objects with their namespace, and Traefik lets them name any. */
const withCrossNamespace = (context: Context): Context => ({
  ...context,
  settings: { ...context.settings, crd: { ...context.settings.crd, allowCrossNamespace: true } },
});

/** Problems of a Service are said once, however many paths lead to it. */
function reporterFor(service: KubernetesObject, { problems, said }: BackendContext): Report {
  const object = refOf(service);
  return (problem) => {
    const key = JSON.stringify([problem.code, object.kind, object.name, problem.path]);
    if (said.has(key)) return;
    said.add(key);
    problems.push({ ...problem, object });
  };
}

function reportNoService(backend: IngressBackend, place: Place): void {
  const { path, report } = backend.resource === undefined ? place : within(place, "resource");
  report(
    backend.resource === undefined
      ? {
          code: "invalid-field",
          severity: "error",
          path,
          message: "The backend names no Service; its requests get 503",
          hint: "Write `service: { name, port: { number } }`",
        }
      : {
          code: "resource-backend",
          severity: "error",
          path,
          message: "A backend that refers to a resource is not supported; its requests get 503",
          hint: "Refer to a Service",
        },
  );
}
