import type { BalanceState } from "../../src/balance/balance-state.ts";
import { nextChild } from "../../src/balance/rotation.ts";
import type { Endpoint, Endpoints } from "../../src/table/service.ts";
import type { DialFailures } from "./dial-failures.ts";

/** Where a connection goes. */
export type Target = Pick<Endpoint, "address" | "port">;

/** `10.0.0.1:80`, `[2001:db8::1]:80`: how a target is written in a URL, and remembered. */
export const authorityOf = ({ address, port }: Target): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/**
 * The targets that a request tries, in this order, each once: the one that it is stuck to; then from the next in
 * turn the ready endpoints (those that terminate when none is ready, as kube-proxy does); those that lately refused;
 * at last the Service's own address.
 *
 * @param key names the rotation, which goes on over new tables
 */
export function orderEndpoints(
  { endpoints, clusterIp }: Endpoints,
  key: string,
  stuckTo: Target | undefined,
  balance: BalanceState,
  failures: DialFailures,
): Target[] {
  const ready = endpoints.filter(({ state }) => state === "ready");
  const candidates = ready.length > 0 ? ready : endpoints;
  const isUp = candidates.map((candidate) => !failures.isDown(authorityOf(candidate)));
  const rotation = balance.rotation(
    key,
    candidates.map(() => 1),
  );
  const first = nextChild(rotation, isUp.includes(true) ? (index) => isUp[index] === true : () => true) ?? 0;
  const inTurn = [...candidates.slice(first), ...candidates.slice(0, first)];
  const order: Target[] = [
    ...inTurn.filter((candidate) => !failures.isDown(authorityOf(candidate))),
    ...inTurn.filter((candidate) => failures.isDown(authorityOf(candidate))),
  ];
  if (clusterIp !== undefined) order.push(clusterIp);
  if (stuckTo === undefined) return order;
  return [stuckTo, ...order.filter((target) => authorityOf(target) !== authorityOf(stuckTo))];
}
