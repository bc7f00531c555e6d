import type { KubernetesObject } from "../source/kubernetes-object.ts";
import { objectName, qualify, sha256Hex, withSuffix } from "./names.ts";
import type { RecordPart } from "./table-part.ts";
import type { Context } from "./traefik/context.ts";

/**
 * The name that something has in a part of a fragment's table: `name`, or that with a hash when something else there has
 * it already. The Middlewares `auth.v1` and `auth-v1` make one name, as do the port `http` of the Service `web-admin`
 * and the port `admin-http` of `web`: taken for each other, a guard would be dropped, or requests reach another's Pods.
 *
 * @param identity tells what has the name from all else in the part
 */
export function distinctName(
  part: RecordPart,
  name: string,
  identity: string,
  { names }: Pick<Context, "names">,
): string {
  const key = `${part} ${name}`;
  const owner = names.get(key);
  if (owner === undefined) names.set(key, identity);
  return owner === undefined || owner === identity ? name : withSuffix(name, `~${sha256Hex(identity).slice(0, 8)}`);
}

/** The name of an object of Traefik's: `<namespace>-<name>@kubernetescrd`, with a suffix before the provider. */
export function nameOfObject(
  part: RecordPart,
  { kind, metadata: { namespace = "", name } }: KubernetesObject,
  context: Pick<Context, "names">,
  suffix = "",
): string {
  const plain = qualify(`${objectName(namespace, name)}${suffix}`);
  return distinctName(part, plain, `${kind} ${namespace}/${name}${suffix}`, context);
}
