import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { useCertificate } from "../tls/use-certificate.ts";
import type { Context, Place } from "../traefik/context.ts";
import type { Listener } from "./read-gateway.ts";
import { isPermitted } from "./reference-grant.ts";

const GATEWAY_GROUP = "gateway.networking.k8s.io";

const tlsSchema = z.object({
  certificateRefs: z.array(
    z.object({
      group: z.string().default(""),
      kind: z.string().default("Secret"),
      namespace: z.string().optional(),
      name: z.string(),
    }),
  ),
});

/**
 * Puts the certificates of a Gateway's HTTPS listeners into the fragment when calls of gRPC may come in there: those
 * reach the relay, which ends their TLS itself. What only the edge serves needs none, for the edge has Cloudflare's.
 */
export function useCallCertificates(
  gateway: KubernetesObject,
  listeners: readonly Listener[],
  { path, report }: Pick<Place, "path" | "report">,
  context: Context,
): void {
  if (!hasCallRoute(gateway, context.objects)) return;
  const own = gateway.metadata.namespace ?? "";
  for (const { protocol, tls, index } of listeners) {
    if (protocol !== "HTTPS") continue;
    const { certificateRefs = [] } = tlsSchema.safeParse(tls).data ?? {};
    for (const [place, { group, kind, namespace: named, name }] of certificateRefs.entries()) {
      const namespace = named || own;
      const from = { group: GATEWAY_GROUP, kind: "Gateway", namespace: own };
      // What may not be used is said by the listener's status.
      if (group !== "" || kind !== "Secret") continue;
      if (!isPermitted({ from, to: { group, kind, namespace, name } }, context.objects)) continue;
      const at = [...path, "listeners", index, "tls", "certificateRefs", place];
      useCertificate({ namespace, secretName: name, path: at, report }, context);
    }
  }
}

const routeSchema = z.object({
  parentRefs: z.array(z.object({ name: z.string(), namespace: z.string().optional() })),
});

/** Whether a GRPCRoute names the Gateway. */
function hasCallRoute({ metadata: { namespace = "", name } }: KubernetesObject, objects: ObjectReader): boolean {
  for (const route of objects.list("GRPCRoute")) {
    const { parentRefs = [] } = routeSchema.safeParse(route.spec).data ?? {};
    const own = route.metadata.namespace ?? "";
    if (parentRefs.some((parent) => parent.name === name && (parent.namespace || own) === namespace)) return true;
  }
  return false;
}
