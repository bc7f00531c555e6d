import type { Context, Place } from "../traefik/context.ts";
import { GATEWAY_GROUP } from "./attach-to-parent.ts";
import { isPermitted, type Reference } from "./reference-grant.ts";

/** Whether a route may refer to what it names; reports that it may not. */
export function permitReference(
  routeKind: string,
  to: Reference["to"],
  place: Place,
  { objects }: Pick<Context, "objects">,
): boolean {
  const from = { group: GATEWAY_GROUP, kind: routeKind, namespace: place.namespace };
  if (isPermitted({ from, to }, objects)) return true;
  const { kind, namespace, name } = to;
  place.report({
    code: "reference-not-permitted",
    severity: "error",
    path: [...place.path, "namespace"],
    message: `No ReferenceGrant in the namespace \`${namespace}\` lets ${routeKind}s of \`${place.namespace}\` refer to the ${kind} \`${name}\``,
    hint: `Create one in \`${namespace}\``,
    refersTo: { kind, namespace, name },
  });
  return false;
}
