import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { SERVICE_NAME_LABEL } from "../../sync-agent/source/memory-store.ts";
import type { ObjectReader } from "../../sync-agent/source/object-store.ts";

/** A port of a Service, as far as its endpoints care. */
export interface ServicePort {
  name?: string;
  port: number;
  protocol?: "UDP";
}

/** Services of the folder that nothing serves: neither slices nor Endpoints say where their Pods are. */
export function servicesWithoutEndpoints(objects: ObjectReader): KubernetesObject[] {
  return [...objects.list("Service")].filter((service) => {
    const { namespace = "", name } = service.metadata;
    const isExternal = field(service.spec, "type") === "ExternalName";
    const isServed = objects.endpointSlices(namespace, name).length > 0 || objects.get("Endpoints", namespace, name);
    return !isExternal && !isServed;
  });
}

/** The ports of a Service; those that are not as they should be are passed over. */
export function portsOf(service: KubernetesObject): ServicePort[] {
  const ports = field(service.spec, "ports");
  if (!Array.isArray(ports)) return [];
  return ports.flatMap((entry: unknown) => {
    const [name, port] = [field(entry, "name"), field(entry, "port")];
    if (typeof port !== "number") return [];
    const isUdp = field(entry, "protocol") === "UDP";
    return [{ port, ...(typeof name === "string" && { name }), ...(isUdp && { protocol: "UDP" as const }) }];
  });
}

/**
 * A Service for a name that is used but not in the folder.
 *
 * @param ports the numbers and names by which it is used, those of UDP with `/udp` behind
 */
export function makeService(namespace: string, name: string, ports: Iterable<string>): KubernetesObject {
  const used = [...ports];
  const numbers = used.flatMap((text) => /^\d+/.exec(text)?.[0] ?? []).map(Number);
  const named = used.filter((text) => text !== "" && !/^(\d|\/)/.test(text));
  const free = [80, 8080, 8000, ...named.map((_, i) => 9000 + i)].filter((port) => !numbers.includes(port));
  const entries = [
    ...used.filter((text) => /^\d/.test(text)).map((text) => makePort(text, `port-${text.replace("/", "-")}`)),
    ...named.map((text, i) => makePort(text.replace(/^[^/]*/, `${free[i] ?? 80}`), text.replace(UDP_SUFFIX, ""))),
  ];
  const only = used.some((text) => text.endsWith(UDP_SUFFIX)) ? { name: "udp", port: 80, protocol: "UDP" } : undefined;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { ports: entries.length > 0 ? entries : [only ?? { name: "http", port: 80 }] },
  };
}

const UDP_SUFFIX = "/udp";

const makePort = (text: string, name: string) => ({
  name,
  port: Number.parseInt(text, 10),
  ...(text.endsWith(UDP_SUFFIX) && { protocol: "UDP" }),
});

/** One slice for each Pod, since all Pods of a slice share their port numbers. */
export function makeSlices(
  service: KubernetesObject,
  pods: readonly { name: string; port: number }[],
): KubernetesObject[] {
  const { namespace = "default", name } = service.metadata;
  return pods.map((pod) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: pod.name, namespace, labels: { [SERVICE_NAME_LABEL]: name } },
    addressType: "IPv4",
    ports: portsOf(service).map(({ name: portName = "", protocol = "TCP" }) => ({
      name: portName,
      port: pod.port,
      protocol,
    })),
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true, serving: true, terminating: false } }],
  }));
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
