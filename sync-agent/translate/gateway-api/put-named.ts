import { sha256Hex } from "../names.ts";

export const GATEWAY_PROVIDER = "kubernetesgateway";

/**
 * Puts a value into a part of the table and gives the name that it has there: `name`, or that with a hash when
 * something else already has it (`a-b`/`c` and `a`/`b-c` make one name).
 */
export function putNamed<T>(record: Record<string, T>, name: string, value: T): string {
  const text = JSON.stringify(value);
  const existing = Object.hasOwn(record, name) ? record[name] : undefined;
  const isFree = existing === undefined || JSON.stringify(existing) === text;
  const at = name.lastIndexOf("@");
  const end = at === -1 ? name.length : at;
  const free = isFree ? name : `${name.slice(0, end)}~${sha256Hex(text).slice(0, 8)}${name.slice(end)}`;
  record[free] = value;
  return free;
}
