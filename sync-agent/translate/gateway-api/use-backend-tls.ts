import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { findServicePort } from "../kubernetes/find-service-port.ts";
import { readService } from "../kubernetes/read-service.ts";
import { qualify } from "../names.ts";
import { type Context, type Place, silent } from "../traefik/context.ts";
import { findBackendTlsPolicy } from "./find-backend-tls-policy.ts";
import { GATEWAY_PROVIDER } from "./put-named.ts";
import { readBackendTls } from "./read-backend-tls.ts";

/**
 * What a BackendTLSPolicy demands of connections to a Service's port: the name of a ServersTransport, which is put into the
 * table; `{}` when there is no policy. Undefined, with the problem reported, when the policy cannot be used: to connect
 * without what it demands would be to drop a guard, so that its requests get 5xx
 * (https://gateway-api.sigs.k8s.io/reference/spec/#backendtlspolicyvalidation).
 */
export function useBackendTls(
  service: KubernetesObject,
  port: number | string | undefined,
  { path, report }: Place,
  { objects, table }: Pick<Context, "objects" | "table">,
): { serversTransport?: string } | undefined {
  const { namespace = "", name } = service.metadata;
  const found = findServicePort(service, readService(service).spec, port, "TCP");
  const portName = ("port" in found && found.port.name) || "";
  const policy = findBackendTlsPolicy({ namespace, name, portName }, objects);
  if (policy === undefined) return {};
  const transport = readBackendTls(policy, objects, silent);
  if (transport !== undefined) {
    // `~` occurs in no name, so that no two policies share one here.
    const key = qualify(`${namespace}~${policy.metadata.name}`, GATEWAY_PROVIDER);
    table.serversTransports[key] = transport;
    return { serversTransport: key };
  }
  report({
    code: "backend-tls-invalid",
    severity: "error",
    path,
    message: `The BackendTLSPolicy \`${policy.metadata.name}\` of the Service \`${name}\` cannot be used; nothing is sent to it`,
    hint: "See the problems of the BackendTLSPolicy itself",
    refersTo: { kind: "BackendTLSPolicy", namespace, name: policy.metadata.name },
  });
  return undefined;
}
