import type { KubernetesObject } from "../source/kubernetes-object.ts";
import { GATEWAY_GROUP } from "../translate/gateway-api/attach-to-parent.ts";
import { ownControllers } from "../translate/gateway-api/gateway-class.ts";
import type { Problem } from "../translate/problem.ts";
import type { TranslateSettings } from "../translate/settings.ts";
import type { Condition } from "./condition.ts";
import type { StatusContent } from "./status-content.ts";

/** A Gateway of ours by whose routes a policy's Services are reached. */
export interface PolicyAncestor {
  gateway: KubernetesObject;
  controllerName: string;
}

/**
 * The status of a BackendTLSPolicy: for each Gateway by which it has an effect what became of it
 * (https://gateway-api.sigs.k8s.io/reference/spec/#policystatus). `problems` are those of its translation.
 */
export function policyStatus(
  policy: KubernetesObject,
  problems: readonly Problem[],
  ancestors: readonly PolicyAncestor[],
  settings: TranslateSettings,
): Extract<StatusContent, { type: "policy" }> {
  const observedGeneration = policy.metadata.generation ?? 0;
  const conditions: Condition[] = [
    { type: "Accepted", ...judgeAccepted(policy, problems), observedGeneration },
    { type: "ResolvedRefs", ...judgeReferences(problems), observedGeneration },
  ];
  return {
    type: "policy",
    ancestors: ancestors.map(({ gateway, controllerName }) => ({
      ancestorRef: {
        group: GATEWAY_GROUP,
        kind: "Gateway",
        namespace: gateway.metadata.namespace ?? "",
        name: gateway.metadata.name,
      },
      controllerName,
      conditions,
    })),
    controllers: ownControllers(settings),
  };
}

type Verdict = Pick<Condition, "status" | "reason" | "message">;

const REFERENCES = "caCertificateRefs";

const isOfReferences = ({ severity, path }: Problem): boolean =>
  severity === "error" && path[2] === REFERENCES && typeof path[3] === "number";

/** Reasons: https://gateway-api.sigs.k8s.io/reference/spec/#policyconditionreason */
function judgeAccepted(policy: KubernetesObject, problems: readonly Problem[]): Verdict {
  const refused = (reason: string, message: string): Verdict => ({ status: "False", reason, message });
  const invalid = problems.find((problem) => problem.severity === "error" && !isOfReferences(problem));
  if (invalid !== undefined) return refused("Invalid", invalid.message);
  const lost = problems.filter(isOfReferences);
  const [reference] = lost;
  if (reference !== undefined && countOf(lost, 3) >= listOf(policy, "validation", REFERENCES).length) {
    return refused("NoValidCACertificate", `Nothing is sent to the Service: ${reference.message}`);
  }
  const conflicts = problems.filter(({ code }) => code === "policy-conflict");
  const [conflict] = conflicts;
  if (conflict !== undefined && countOf(conflicts, 2) >= listOf(policy, "targetRefs").length) {
    return refused("Conflicted", conflict.message);
  }
  const message = conflict?.message ?? "Connections to the Service are made as the policy says";
  return { status: "True", reason: "Accepted", message };
}

function judgeReferences(problems: readonly Problem[]): Verdict {
  const lost = problems.filter(isOfReferences);
  const [first] = lost;
  if (first === undefined) {
    return { status: "True", reason: "ResolvedRefs", message: "All references are resolved" };
  }
  const reason = first.path[4] === "kind" ? "InvalidKind" : "InvalidCACertificateRef";
  return { status: "False", reason, message: lost.map(({ message }) => message).join("; ") };
}

/** How many elements of a list, whose index is at this place of the path, have a problem. */
const countOf = (problems: readonly Problem[], place: number): number =>
  new Set(problems.map(({ path }) => path[place])).size;

function listOf({ spec }: KubernetesObject, ...path: string[]): unknown[] {
  const list = path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    spec,
  );
  return Array.isArray(list) ? list : [];
}
