import { type ApiObject, isJson, type Json } from "./api-object.ts";

/** Fills in what a server fills in for the built-in kinds, as far as clients look at it. */
export function completeObject(object: ApiObject, count: number): ApiObject {
  if (object.kind === "Secret") return completeSecret(object);
  if (object.kind === "Service") return completeService(object, count);
  if (object.kind === "Deployment") return { ...object, spec: { replicas: 1, ...asJson(object.spec) } };
  return object;
}

function completeSecret({ stringData, ...object }: ApiObject): ApiObject {
  const completed: ApiObject = { type: "Opaque", ...object } as ApiObject;
  if (!isJson(stringData)) return completed;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString("base64"),
  ]);
  return { ...completed, data: { ...asJson(object.data), ...Object.fromEntries(encoded) } };
}

function completeService(object: ApiObject, count: number): ApiObject {
  const spec: Json = { type: "ClusterIP", sessionAffinity: "None", ...asJson(object.spec) };
  if (Array.isArray(spec.ports)) spec.ports = spec.ports.map(completePort);
  if (spec.type !== "ExternalName" && spec.clusterIP === undefined) {
    spec.clusterIP = `10.${96 + ((count >> 16) % 8)}.${(count >> 8) % 256}.${count % 256}`;
  }
  return { ...object, spec };
}

const completePort = (port: unknown): unknown =>
  isJson(port) ? { protocol: "TCP", targetPort: port.port, ...port } : port;

const asJson = (value: unknown): Json => (isJson(value) ? value : {});
