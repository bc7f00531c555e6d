import type { KubernetesObject, ObjectRef } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import type { Problem } from "../translate/problem.ts";
import { readTieBreaker } from "../translate/tie-breaker.ts";
import type { PlannedHost } from "./plan-hosts.ts";

/** Of the objects that need one host, so many are told. */
const MOST_OBJECTS = 5;

/**
 * A problem for each host that does not reach the Worker, at each object that needs it.
 *
 * @param failures why hosts could not be attached, by host
 */
export function hostProblems(
  hosts: readonly PlannedHost[],
  objects: ObjectReader,
  failures: ReadonlyMap<string, string> = new Map(),
): Problem[] {
  return hosts.flatMap((planned) => {
    const said = say(planned, failures.get(planned.required.host));
    if (said === undefined) return [];
    return originsOf(planned, objects).map(
      (object): Problem => ({ code: "host-not-attached", severity: "warning", object, path: [], ...said }),
    );
  });
}

function say({ required: { host }, state, by }: PlannedHost, failure: string | undefined) {
  const pattern = host.startsWith("*.") ? `${host}/*` : `*.${host.slice(host.indexOf(".") + 1)}/*`;
  const name = host.slice(0, 253);
  switch (state) {
    case "attached":
    case "routed":
    case "unknown":
      return undefined;
    case "taken":
      return {
        message: `Requests for \`${name}\` do not reach the Worker: ${by ?? "another"} has them`,
        hint: "Remove that, or give the route another host",
      };
    case "no-zone":
      return {
        message: `Requests for \`${name}\` do not reach the Worker: no zone of the account holds it`,
        hint: "Add its domain to Cloudflare, or correct the host",
      };
    case "missing":
      if (failure !== undefined) {
        return {
          message: `The host \`${name}\` could not be attached to the Worker: ${failure}`,
          hint: "It is tried again; an existing DNS record of that name has to go first",
        };
      }
      return {
        message: `The Worker is not attached to the host \`${name}\`: its requests go elsewhere`,
        hint: host.startsWith("*.")
          ? `Give the Worker the route \`${pattern}\`: custom domains have no wildcards`
          : `Give the Worker the custom domain \`${name}\` or the route \`${pattern}\`, or run the agent with --manage-hosts`,
      };
  }
}

function originsOf({ required: { routers } }: PlannedHost, objects: ObjectReader): ObjectRef[] {
  const found = new Map<string, ObjectRef>();
  for (const { tieBreaker } of routers) {
    const origin = readTieBreaker(tieBreaker);
    if (origin === undefined) continue;
    const { kind, namespace, name } = origin;
    const object: KubernetesObject | undefined = objects.get(kind, namespace, name);
    found.set(`${kind} ${namespace}/${name}`, { apiVersion: object?.apiVersion ?? "", kind, namespace, name });
    if (found.size === MOST_OBJECTS) break;
  }
  return [...found.values()];
}
