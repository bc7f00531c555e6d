import * as z from "zod/mini";
import type { ApiClient } from "../source/cluster/api-client.ts";
import { BUNDLE_VERSION_ANNOTATION, type BundleVersion } from "./gateway-class-status.ts";

const crdSchema = z.object({
  metadata: z.object({ annotations: z.optional(z.record(z.string(), z.string())) }),
});

/** Reads which release of Gateway API the cluster has, from its CRD; undefined when that is not to be read. */
export async function readBundleVersion(api: Pick<ApiClient, "request">, signal: AbortSignal): Promise<BundleVersion> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gatewayclasses.gateway.networking.k8s.io";
  const answer = await api.request({ path, signal, timeoutMs: 10_000 }).catch(() => undefined);
  const crd = z.safeParse(crdSchema, answer).data;
  if (crd === undefined) return undefined;
  return crd.metadata.annotations?.[BUNDLE_VERSION_ANNOTATION] ?? null;
}
