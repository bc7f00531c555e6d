import { type ApiObject, isJson, type Json } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";

/** The scale subresource of an object: autoscaling/v1. */
export function toScale({ metadata, spec, status }: ApiObject): Json {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: isJson(spec) ? spec.replicas : 0 },
    status: { replicas: isJson(status) ? (status.replicas ?? 0) : 0 },
  };
}

/** The object with the replicas of a scale. @throws ApiStatus 400 */
export function fromScale(object: ApiObject, scale: unknown): ApiObject {
  const replicas = isJson(scale) && isJson(scale.spec) ? scale.spec.replicas : undefined;
  if (typeof replicas !== "number") throw apiStatus(400, "a scale has a number of replicas");
  const sent = isJson(scale) && isJson(scale.metadata) ? scale.metadata.resourceVersion : undefined;
  const metadata = { ...object.metadata, ...(typeof sent === "string" ? { resourceVersion: sent } : {}) };
  return { ...object, metadata, spec: { ...(isJson(object.spec) ? object.spec : {}), replicas } };
}
