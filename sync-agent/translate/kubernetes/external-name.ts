import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ProblemDraft } from "./problem-draft.ts";

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/;
/** What a resolver or a URL parser reads as an IPv4 address: `127.1` and `0x7f000001` too. */
const NUMERIC_END = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;
const LOOPBACK = /(?:^|\.)(?:localhost|localdomain)$|^localhost[46]\.localdomain[46]$|^ip6-(?:localhost|loopback)$/;

/**
 * The host of an ExternalName Service, in lower case and without a dot at its end. Names of the loopback, and
 * addresses, are refused: such a Service would reach into the gateway's own machine
 * (https://kubernetes.io/docs/concepts/services-networking/service/#externalname).
 */
export function readExternalName(
  { metadata: { namespace = "", name } }: KubernetesObject,
  externalName: string,
): { host: string } | { problem: ProblemDraft } {
  const host = externalName.trim().toLowerCase().replace(/\.$/, "");
  const reason = refusal(host);
  if (reason === undefined) return { host };
  const problem: ProblemDraft = {
    code: "external-name-refused",
    severity: "error",
    message: `The externalName \`${externalName.slice(0, 100)}\` of the Service \`${name}\` ${reason}`,
    hint: "Use a DNS name; for addresses make a Service without a selector and an EndpointSlice",
    refersTo: { kind: "Service", namespace, name },
  };
  return { problem };
}

function refusal(host: string): string | undefined {
  if (host === "") return "is empty";
  if (NUMERIC_END.test(host) || host.includes(":")) return "is an address, not a DNS name";
  if (LOOPBACK.test(host)) return "names the loopback";
  return HOST_NAME.test(host) ? undefined : "is not a DNS name";
}
