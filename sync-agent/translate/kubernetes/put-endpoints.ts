import type { Endpoints } from "../../../src/table/service.ts";
import { distinctName } from "../distinct-name.ts";
import type { Context } from "../traefik/context.ts";
import type { Backend } from "./resolve-backend.ts";

/**
 * Puts the endpoints of a Service's port into the fragment's table: its Pods, or (`isNative`) the Service's own address.
 *
 * @returns their key
 */
export function putEndpoints(
  { key, service, endpoints }: Pick<Backend, "key" | "service" | "endpoints">,
  context: Pick<Context, "table" | "names">,
  isNative = false,
): string {
  const { namespace = "", name } = service.metadata;
  const { clusterIp } = endpoints;
  const native: Endpoints | undefined =
    isNative && clusterIp !== undefined ? { endpoints: [{ ...clusterIp, state: "ready" }] } : undefined;
  const base = native === undefined ? key : `${key}-native`;
  const own = distinctName("endpoints", base, `${namespace}/${name} ${base}`, context);
  context.table.endpoints[own] = native ?? endpoints;
  return own;
}
