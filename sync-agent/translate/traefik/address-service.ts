import type { LoadBalancer, ServersTransport } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { distinctName } from "../distinct-name.ts";
import { readExternalName } from "../kubernetes/external-name.ts";
import { putEndpoints } from "../kubernetes/put-endpoints.ts";
import { resolveBackend } from "../kubernetes/resolve-backend.ts";
import type { OptionsPlace } from "./read-options.ts";

/** Names that only the cluster's side resolves: they are asked through the gateway. */
const PRIVATE_NAME = /^[^.]+$|\.(?:local|localdomain|internal|lan|home\.arpa)$/;

/** How the server of an address is connected to. */
export interface AddressOptions {
  /** What is demanded of TLS. The edge's own fetch can do none of it. */
  tls?: ServersTransport;
  /** How long the gateway waits for an answer to begin. */
  answerTimeoutMs?: number;
}

/**
 * Puts the server of an address that a Middleware names into the fragment's table as a service called `name`: a Service of
 * the cluster by its DNS name (`auth.default.svc.cluster.local`), else the host itself, which the edge asks when it is
 * public and nothing is demanded of TLS. Whom the gateway asks by TLS must have a certificate for the address's host.
 *
 * @returns the address; undefined, with the problem reported, when it cannot be used
 */
export function useAddress(
  address: string,
  name: string,
  place: OptionsPlace,
  field: string,
  { tls = {}, answerTimeoutMs }: AddressOptions = {},
): URL | undefined {
  const { object, path, report, context } = place;
  const at = [...path, field];
  const url = readUrl(address);
  if (url === undefined) {
    // Said without it: it might hold a password.
    const message = "This is not an address, or holds a password";
    report({
      code: "middleware-invalid",
      severity: "error",
      path: at,
      message,
      hint: "Write it like `http://name.namespace.svc:8080/path`",
    });
    return undefined;
  }
  const ref = findServiceRef(url, object, place);
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  const scheme = url.protocol === "https:" ? "https" : "http";
  const demanded = scheme === "https" ? tls : {};
  let balancer: LoadBalancer = {
    type: "loadBalancer",
    endpoints: "",
    scheme,
    passHostHeader: true,
    transport: "gateway",
  };
  if (ref !== undefined) {
    const { allowExternalNameServices } = context.settings.crd;
    const resolved = resolveBackend({ ...ref, port }, context.objects, {
      allowExternalName: allowExternalNameServices,
      scheme,
    });
    for (const problem of "problem" in resolved ? [resolved.problem] : resolved.problems)
      report({ ...problem, path: at });
    if ("problem" in resolved) return undefined;
    balancer = { ...balancer, endpoints: putEndpoints(resolved, context) };
  } else {
    const external = readExternalName(object, url.hostname);
    if ("problem" in external) {
      report({
        ...external.problem,
        path: at,
        message: `The host \`${url.hostname.slice(0, 100)}\` cannot be asked: it is an address, or names the loopback`,
      });
      return undefined;
    }
    const key = distinctName("endpoints", `${external.host}-${port}`, `host ${external.host}`, context);
    // A plain fetch has the URL's host as Host, which is what is wanted here.
    const isDirect = !PRIVATE_NAME.test(external.host) && Object.keys(demanded).length === 0;
    balancer = { ...balancer, endpoints: key, ...(isDirect && { transport: "direct", passHostHeader: false }) };
    context.table.endpoints[key] = { endpoints: [{ address: external.host, port, state: "ready" }] };
  }
  const transport: ServersTransport = {
    ...(scheme === "https" && { serverName: url.hostname.replace(/\.$/, ""), ...demanded }),
    ...(answerTimeoutMs !== undefined && { responseHeaderTimeoutMs: answerTimeoutMs }),
  };
  if (balancer.transport === "gateway" && Object.keys(transport).length > 0) {
    context.table.serversTransports[name] = transport;
    balancer = { ...balancer, serversTransport: name };
  }
  context.table.services[name] = balancer;
  return url;
}

function readUrl(address: string): URL | undefined {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return url.username === "" && url.password === "" ? url : undefined;
}

/** `name.namespace.svc` and what may follow; without `svc` only where there is such a Service. */
function findServiceRef(
  { hostname }: URL,
  { metadata }: KubernetesObject,
  { context }: OptionsPlace,
): { name: string; namespace: string } | undefined {
  const labels = hostname.replace(/\.$/, "").split(".");
  const [name = "", namespace = metadata.namespace ?? "", svc] = labels;
  if (labels.length >= 3) return svc === "svc" ? { name, namespace } : undefined;
  return context.objects.get("Service", namespace, name) === undefined ? undefined : { name, namespace };
}
