import type { Kind } from "../../source/kubernetes-object.ts";
import { type Context, type Place, readElements, within } from "../traefik/context.ts";
import { attachToParent, reportParent } from "./attach-to-parent.ts";
import type { Attachment } from "./attachment.ts";
import { parentRefSchema } from "./route-schema.ts";

/**
 * Where a route is served: each host that it has in common with a listener which takes it. A request belongs to the
 * most specific listener of its Gateway and port, so what such a listener claims is left out.
 *
 * A parentRef by which the route is served nowhere is reported. Undefined when all are Gateways of other controllers.
 */
export function attachRoute(
  kind: Kind,
  parentRefs: readonly unknown[],
  routeHosts: readonly string[],
  place: Place,
  context: Context,
): Attachment[] | undefined {
  const found = new Map<string, Attachment>();
  const parents = within(place, "parentRefs");
  let isForeign = parentRefs.length > 0;
  if (parentRefs.length === 0) reportParent(parents, "The route names no Gateway", "Name one in `spec.parentRefs`");
  for (const { value: parent, at } of readElements(parentRefSchema, parentRefs, parents)) {
    const outcome = attachToParent(kind, parent, routeHosts, at, context);
    if (outcome.state === "foreign") continue;
    isForeign = false;
    if (outcome.state !== "attached") continue;
    for (const { listener: _, ...attachment } of outcome.attachments) {
      const { entryPoint, tls, passthrough, port, host, routeHost, except } = attachment;
      found.set(JSON.stringify([entryPoint, tls, passthrough, port, host, routeHost, except]), attachment);
    }
  }
  return isForeign ? undefined : [...found.values()];
}
