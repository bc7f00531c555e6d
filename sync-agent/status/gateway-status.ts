import { isIP } from "node:net";
import * as z from "zod/mini";
import type { KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import { GATEWAY_GROUP } from "../translate/gateway-api/attach-to-parent.ts";
import { findEntryPoint } from "../translate/gateway-api/find-entry-point.ts";
import { listenerKinds } from "../translate/gateway-api/listener-kinds.ts";
import { type Listener, readGateway } from "../translate/gateway-api/read-gateway.ts";
import { isPermitted } from "../translate/gateway-api/reference-grant.ts";
import type { Problem } from "../translate/problem.ts";
import type { TranslateSettings } from "../translate/settings.ts";
import type { Condition } from "./condition.ts";
import type { ListenerContent, StatusContent } from "./status-content.ts";

/** Whether the Worker serves a Gateway as it is now; else what is waited for. */
export type Programmed = { programmed: true } | { programmed: false; waitsFor: string };

export interface GatewayFacts {
  objects: ObjectReader;
  settings: TranslateSettings;
  /** Where clients find the Worker: a host name or an IP address. */
  address: string | undefined;
  programmed: Programmed;
  /** How many accepted routes a listener has. */
  attachedRoutes(listener: string): number;
}

/** Said of a Gateway that the Worker serves. */
export const PROGRAMMED_MESSAGE = "The Worker serves this generation";

type ListenerProblem = Pick<Problem, "code" | "path" | "message">;
type Verdict = Pick<Condition, "status" | "reason" | "message">;

/** The status of a Gateway of ours (https://gateway-api.sigs.k8s.io/reference/spec/#gatewaystatus). */
export function gatewayStatus(gateway: KubernetesObject, facts: GatewayFacts): StatusContent {
  const observedGeneration = gateway.metadata.generation ?? 0;
  const { listeners: served, problems } = readGateway(gateway);
  const listeners = rawListeners(gateway).map(({ name, index, tls }) => {
    const listener = served.find((one) => one.index === index);
    const own = problems.filter(({ path }) => path[1] === "listeners" && path[2] === index);
    const problem = listener === undefined ? own[0] : portProblem(listener, facts.settings);
    return listenerStatus({ name, tls, listener, problem, gateway }, facts);
  });
  const good = listeners.filter(({ conditions }) => isTrue(conditions, "Accepted"));
  const accepted = acceptedVerdict(listeners, good.length, problems);
  const conditions: Condition[] = [
    { type: "Accepted", ...accepted, observedGeneration },
    { type: "Programmed", ...gatewayProgrammed(gateway, accepted, facts), observedGeneration },
  ];
  const addresses = facts.address === undefined ? undefined : [addressOf(facts.address)];
  return { type: "gateway", conditions, listeners, addresses };
}

const addressOf = (value: string): { type: "Hostname" | "IPAddress"; value: string } => ({
  type: isIP(value) === 0 ? "Hostname" : "IPAddress",
  value,
});

const isTrue = (conditions: readonly Condition[], type: string): boolean =>
  conditions.some((condition) => condition.type === type && condition.status === "True");

const rawListenerSchema = z.object({ name: z.string(), tls: z.optional(z.unknown()) });
const rawGatewaySchema = z.object({
  listeners: z.optional(z.array(z.unknown())),
  addresses: z.optional(z.array(z.object({ value: z.optional(z.string()) }))),
});

/** Listeners as they stand in the object, those too that cannot be served; without a name there is none to speak of. */
function rawListeners({ spec }: KubernetesObject): { name: string; index: number; tls: unknown }[] {
  const { listeners = [] } = z.safeParse(rawGatewaySchema, spec).data ?? {};
  const seen = new Set<string>();
  return listeners.flatMap((element, index) => {
    const { name, tls } = z.safeParse(rawListenerSchema, element).data ?? {};
    if (name === undefined || seen.has(name)) return [];
    seen.add(name);
    return [{ name, index, tls }];
  });
}

function portProblem(listener: Listener, settings: TranslateSettings): ListenerProblem | undefined {
  if (findEntryPoint(listener, settings) !== undefined) return undefined;
  const { port, index } = listener;
  const path = ["spec", "listeners", index, "port"];
  return { code: "entry-point-not-found", path, message: `No entry point has the port ${port}` };
}

interface ListenerParts {
  name: string;
  tls: unknown;
  /** Undefined when it cannot be served. */
  listener: Listener | undefined;
  problem: ListenerProblem | undefined;
  gateway: KubernetesObject;
}

function listenerStatus(parts: ListenerParts, facts: GatewayFacts): ListenerContent {
  const { name, listener, problem, gateway } = parts;
  const observedGeneration = gateway.metadata.generation ?? 0;
  const isConflicted = problem?.code === "listener-conflict";
  const accepted: Verdict =
    problem === undefined
      ? { status: "True", reason: "Accepted", message: "The listener is valid" }
      : { status: "False", reason: refusalReason(problem), message: problem.message };
  const conflicted: Verdict = isConflicted
    ? { status: "True", reason: "HostnameConflict", message: problem.message }
    : { status: "False", reason: "NoConflicts", message: "No other listener claims the same requests" };
  const programmed: Verdict =
    problem === undefined
      ? programmedVerdict(facts.programmed)
      : { status: "False", reason: "Invalid", message: problem.message };
  const { kinds, unsupported } = routeKinds(listener);
  return {
    name,
    supportedKinds: kinds,
    attachedRoutes: facts.attachedRoutes(name),
    conditions: [
      { type: "Accepted", ...accepted, observedGeneration },
      { type: "Programmed", ...programmed, observedGeneration },
      { type: "ResolvedRefs", ...resolvedVerdict(unsupported, parts, facts.objects), observedGeneration },
      { type: "Conflicted", ...conflicted, observedGeneration },
    ],
  };
}

function refusalReason({ code, path }: ListenerProblem): string {
  if (code === "entry-point-not-found") return "PortUnavailable";
  if (code === "listener-conflict") return "Invalid";
  return code === "listener-unsupported" && path.at(-1) === "protocol" ? "UnsupportedProtocol" : "UnsupportedValue";
}

function routeKinds(listener: Listener | undefined): {
  kinds: ListenerContent["supportedKinds"];
  unsupported: string[];
} {
  if (listener === undefined) return { kinds: [], unsupported: [] };
  const served = listenerKinds(listener).map((kind) => ({ group: GATEWAY_GROUP, kind }));
  const asked = listener.allowedRoutes.kinds ?? [];
  if (asked.length === 0) return { kinds: served, unsupported: [] };
  const isAsked = (one: { group: string; kind: string }, list: readonly { group: string; kind: string }[]): boolean =>
    list.some(({ group, kind }) => group === one.group && kind === one.kind);
  return {
    kinds: served.filter((one) => isAsked(one, asked)),
    unsupported: asked.filter((one) => !isAsked(one, served)).map(({ kind }) => kind),
  };
}

const certificatesSchema = z.object({
  certificateRefs: z.optional(
    z.array(
      z.object({
        group: z._default(z.string(), ""),
        kind: z._default(z.string(), "Secret"),
        namespace: z.optional(z.string()),
        name: z.string(),
      }),
    ),
  ),
});

/** Certificates are Cloudflare's own, so that a Secret which does not exist harms nothing; one that may not be used is said. */
function resolvedVerdict(
  unsupported: readonly string[],
  { tls, gateway }: ListenerParts,
  objects: ObjectReader,
): Verdict {
  if (unsupported.length > 0) {
    const message = `Routes of the kind ${unsupported.slice(0, 5).join(", ")} cannot be attached to this listener`;
    return { status: "False", reason: "InvalidRouteKinds", message };
  }
  const { certificateRefs = [] } = z.safeParse(certificatesSchema, tls).data ?? {};
  const own = gateway.metadata.namespace ?? "";
  for (const { group, kind, namespace, name } of certificateRefs) {
    if (group !== "" || kind !== "Secret") {
      const message = `A certificate cannot be a ${kind.slice(0, 60)}; name a Secret`;
      return { status: "False", reason: "InvalidCertificateRef", message };
    }
    const from = { group: GATEWAY_GROUP, kind: "Gateway", namespace: own };
    const to = { group, kind, namespace: namespace || own, name };
    if (isPermitted({ from, to }, objects)) continue;
    const message = `No ReferenceGrant in the namespace \`${to.namespace}\` lets Gateways of \`${own}\` refer to the Secret \`${name}\``;
    return { status: "False", reason: "RefNotPermitted", message };
  }
  return { status: "True", reason: "ResolvedRefs", message: "All references are resolved" };
}

function acceptedVerdict(
  listeners: readonly ListenerContent[],
  good: number,
  problems: readonly ListenerProblem[],
): Verdict {
  if (listeners.length === 0) {
    const message = problems[0]?.message ?? "The Gateway has no listener";
    return { status: "False", reason: "Invalid", message };
  }
  const bad = listeners.filter(({ conditions }) => !isTrue(conditions, "Accepted")).map(({ name }) => `\`${name}\``);
  if (good === listeners.length) return { status: "True", reason: "Accepted", message: "All listeners are valid" };
  const message = `Not served: ${bad.slice(0, 10).join(", ")}; see the conditions of each listener`;
  return { status: good > 0 ? "True" : "False", reason: "ListenersNotValid", message };
}

const programmedVerdict = (state: Programmed): Verdict =>
  state.programmed
    ? { status: "True", reason: "Programmed", message: PROGRAMMED_MESSAGE }
    : { status: "False", reason: "Pending", message: state.waitsFor };

function gatewayProgrammed(gateway: KubernetesObject, accepted: Verdict, facts: GatewayFacts): Verdict {
  if (accepted.status !== "True") return { status: "False", reason: "Invalid", message: accepted.message };
  const { addresses = [] } = z.safeParse(rawGatewaySchema, gateway.spec).data ?? {};
  const unusable = addresses.find(({ value }) => value !== undefined && value !== "" && value !== facts.address);
  if (unusable === undefined) return programmedVerdict(facts.programmed);
  const message = `The address \`${unusable.value}\` cannot be bound: requests reach the Worker by its hosts`;
  return { status: "False", reason: "AddressNotUsable", message };
}
