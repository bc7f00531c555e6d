import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { type Report, readFields } from "../read-object.ts";
import { useCertificate } from "../tls/use-certificate.ts";
import { type Context, type Place, readElements, within } from "../traefik/context.ts";
import { GATEWAY_GROUP } from "./attach-to-parent.ts";
import type { Listener } from "./read-gateway.ts";
import { isPermitted } from "./reference-grant.ts";

const tlsSchema = z.looseObject({ certificateRefs: z.array(z.unknown()).optional() });

const certificateRefSchema = z.object({
  group: z.string().default(""),
  kind: z.string().default("Secret"),
  namespace: z.string().optional(),
  name: z.string(),
});

/**
 * Puts the certificates of the listeners whose TLS the relay ends into the fragment of their Gateway: those of
 * connections, and those of requests when calls of gRPC may come in there. What only the edge serves needs none, for
 * the edge has Cloudflare's.
 */
export function useListenerCertificates(
  gateway: KubernetesObject,
  listeners: readonly Listener[],
  report: Report,
  context: Context,
): void {
  const takesCalls = listeners.some(({ protocol }) => protocol === "HTTPS") && hasCallRoute(gateway, context.objects);
  for (const { protocol, tls, index } of listeners) {
    const endsTls = protocol === "TLS" ? tls?.mode !== "Passthrough" : protocol === "HTTPS" && takesCalls;
    if (!endsTls || tls === undefined) continue;
    const at: Place = {
      namespace: gateway.metadata.namespace ?? "",
      path: ["spec", "listeners", index, "tls"],
      report,
    };
    const refs = readFields(tlsSchema, tls, at.path, report)?.certificateRefs ?? [];
    for (const { value, at: place } of readElements(certificateRefSchema, refs, within(at, "certificateRefs"))) {
      useReference(value, place, context);
    }
  }
}

function useReference(ref: z.output<typeof certificateRefSchema>, place: Place, context: Context): void {
  const { group, kind, name } = ref;
  const { report, path } = place;
  if (group !== "" || kind !== "Secret") {
    const message = `A certificate cannot be a ${kind.slice(0, 60)}; the default certificate is shown`;
    report({ code: "certificate-unusable", severity: "warning", path, message, hint: "Name a Secret" });
    return;
  }
  const namespace = ref.namespace || place.namespace;
  const from = { group: GATEWAY_GROUP, kind: "Gateway", namespace: place.namespace };
  if (isPermitted({ from, to: { group, kind, namespace, name } }, context.objects)) {
    useCertificate({ namespace, secretName: name, path, report }, context);
    return;
  }
  report({
    code: "reference-not-permitted",
    severity: "warning",
    path,
    message: `No ReferenceGrant in the namespace \`${namespace}\` lets Gateways of \`${place.namespace}\` refer to the Secret \`${name}\`; the default certificate is shown`,
    hint: `Create one in \`${namespace}\``,
    refersTo: { kind, namespace, name },
  });
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
