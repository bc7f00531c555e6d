import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { nearestName } from "../nearest-name.ts";
import type { ProblemDraft } from "./problem-draft.ts";
import type { ServicePort, ServiceSpec } from "./read-service.ts";

export type ServiceProtocol = "TCP" | "UDP";

export type FoundPort = { port: ServicePort; problem?: ProblemDraft } | { problem: ProblemDraft };

/**
 * The port of a Service, of one protocol, that a reference names by number or by name. With none named, a Service's
 * only port is taken, with a warning: Kubernetes and Traefik refuse such a reference.
 */
export function findServicePort(
  { metadata: { namespace = "", name } }: KubernetesObject,
  { type, ports }: ServiceSpec,
  wanted: number | string | undefined,
  protocol: ServiceProtocol = "TCP",
): FoundPort {
  const draft = (severity: "error" | "warning", message: string, hint: string | undefined): ProblemDraft => ({
    code: "service-port-not-found",
    severity,
    message,
    ...(hint === undefined ? {} : { hint }),
    refersTo: { kind: "Service", namespace, name, ...(wanted === undefined ? {} : { port: String(wanted) }) },
  });
  const usable = ports.filter((one) => (one.protocol ?? "TCP") === protocol);
  const list = listPorts(usable, protocol);
  if (wanted === undefined || wanted === "" || wanted === 0) {
    const [only] = usable;
    const message = `The reference to the Service \`${name}\` names no port`;
    if (only === undefined || usable.length > 1) return { problem: draft("error", message, list) };
    return { port: only, problem: draft("warning", `${message}; its only one is taken`, `Write port ${only.port}`) };
  }
  // A port's name holds at least one letter, so digits in quotes are a number.
  const number = typeof wanted === "number" ? wanted : /^\d+$/.test(wanted) ? Number(wanted) : undefined;
  const port = usable.find((one) => (number === undefined ? one.name === wanted : one.port === number));
  if (port !== undefined) return { port };
  const message = `The Service \`${name}\` has no port ${typeof wanted === "number" ? wanted : `\`${wanted}\``}`;
  if (type !== "ExternalName" || number === undefined || number < 1 || number > 65_535) {
    const guess = number === undefined ? nearestName(String(wanted), namesOf(usable)) : undefined;
    return {
      problem: draft("error", message, guess === undefined ? list : `Did you mean \`${guess}\`?`),
    };
  }
  const found = { port: { port: number } };
  if (usable.length === 0) return found;
  return { ...found, problem: draft("warning", `${message}; it is dialled all the same`, list) };
}

const namesOf = (ports: readonly ServicePort[]): string[] => ports.flatMap(({ name }) => (name ? [name] : []));

function listPorts(ports: readonly ServicePort[], protocol: ServiceProtocol): string | undefined {
  if (ports.length === 0) return `Its \`spec.ports\` lists no ${protocol} port`;
  const texts = ports.slice(0, 12).map(({ name, port }) => (name ? `${port} (\`${name}\`)` : String(port)));
  return `There ${ports.length === 1 ? "is" : "are"} ${texts.join(", ")}`;
}
