import type { KubernetesObject } from "../source/kubernetes-object.ts";

/** One entry of a Secret as text: `data` is base64, `stringData` is not and goes before it, as on an API server. */
export function readSecret(secret: KubernetesObject, key: string): string | undefined {
  const plain = entryOf(secret.stringData, key);
  if (plain !== undefined) return plain;
  const encoded = entryOf(secret.data, key);
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString("utf8");
}

/** One entry of a ConfigMap; what lies in `binaryData` is no text. */
export const readConfigMap = ({ data }: KubernetesObject, key: string): string | undefined => entryOf(data, key);

/** The names of a Secret's entries. */
export function secretKeys({ data, stringData }: KubernetesObject): string[] {
  const namesOf = (entries: unknown) => (typeof entries === "object" && entries !== null ? Object.keys(entries) : []);
  return [...new Set([...namesOf(data), ...namesOf(stringData)])];
}

function entryOf(entries: unknown, key: string): string | undefined {
  if (typeof entries !== "object" || entries === null || !Object.hasOwn(entries, key)) return undefined;
  const value: unknown = Reflect.get(entries, key);
  return typeof value === "string" ? value : undefined;
}
