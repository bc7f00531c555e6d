import type { Kind, KubernetesObject } from "../../source/kubernetes-object.ts";
import type { Report } from "../read-object.ts";

const defaultGateways = "there are no default Gateways; name those that the route is for in `parentRefs`";

/** Fields that ask for what is not done, each with why. A path goes into lists by `[]`. */
const unused: Partial<Record<Kind, Readonly<Record<string, string>>>> = {
  GatewayClass: {
    parametersRef: "settings come from the agent's configuration, for all classes",
  },
  Gateway: {
    addresses: "requests come in at Cloudflare's addresses, connections at those of the relay's Service",
    infrastructure: "nothing is created for a Gateway, so that nothing takes labels or parameters",
    allowedListeners: "ListenerSets are not read; a Gateway has the listeners that it lists itself",
    defaultScope: "no route is taken that does not name its Gateway",
    "tls.backend": "Pods are shown the certificate that a ServersTransport names, for services of Traefik's kinds",
    /** Its older place. */
    backendTLS: "Pods are shown the certificate that a ServersTransport names, for services of Traefik's kinds",
    "listeners[].tls.options": "the TLSOption `default` says how the relay ends TLS",
  },
  HTTPRoute: { useDefaultGateways: defaultGateways },
  GRPCRoute: { useDefaultGateways: defaultGateways },
  TLSRoute: { useDefaultGateways: defaultGateways },
  TCPRoute: { useDefaultGateways: defaultGateways },
  UDPRoute: { useDefaultGateways: defaultGateways },
  BackendTLSPolicy: { options: "there are none that are known" },
};

/** Reports each field of an object of Gateway API that is known and has no effect. */
export function reportUnusedFields({ kind, spec }: KubernetesObject, report: Report): void {
  for (const [field, reason] of Object.entries(unused[kind as Kind] ?? {})) {
    for (const path of pathsTo(field.replaceAll("[]", ".[]").split("."), spec, ["spec"])) {
      report({
        code: "unsupported-field",
        severity: "warning",
        path,
        message: `\`${field.replaceAll("[]", "")}\` has no effect: ${reason}`,
      });
    }
  }
}

/** The places of a field that has a value. */
function pathsTo(
  [name, ...rest]: readonly string[],
  value: unknown,
  path: readonly (string | number)[],
): (readonly (string | number)[])[] {
  if (value === undefined || value === null) return [];
  if (name === undefined) return [path];
  if (name === "[]") {
    return Array.isArray(value) ? value.flatMap((element, index) => pathsTo(rest, element, [...path, index])) : [];
  }
  const isMapping = typeof value === "object" && !Array.isArray(value) && Object.hasOwn(value, name);
  return isMapping ? pathsTo(rest, Reflect.get(value, name), [...path, name]) : [];
}
