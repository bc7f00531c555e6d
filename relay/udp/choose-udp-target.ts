import { nextChild } from "../../src/balance/rotation.ts";
import { type Target, targetsOf } from "../origin-gateway/target.ts";
import type { ChoiceState } from "../tcp/choose-targets.ts";
import type { StreamTable } from "../tcp/stream-table.ts";

type UdpTable = Pick<StreamTable, "udpServices" | "relayEndpoints">;

/** Services nest by name, and a name may come back to itself. */
const MAX_DEPTH = 10;

/** Where a new session's datagrams go; undefined when no endpoint can take them. */
export function chooseUdpTarget(
  name: string,
  table: UdpTable,
  state: Pick<ChoiceState, "balance">,
  depth = 0,
): Target | undefined {
  const service = table.udpServices[name];
  if (service === undefined || depth > MAX_DEPTH) return undefined;
  if (service.type === "loadBalancer") {
    const endpoints = table.relayEndpoints[service.endpoints];
    if (endpoints === undefined) return undefined;
    const { candidates, weights } = targetsOf(endpoints);
    const chosen = nextChild(state.balance.rotation(`udp ${name}`, weights), () => true);
    return chosen === undefined ? undefined : candidates[chosen];
  }
  const { children } = service;
  const rotation = state.balance.rotation(
    `udp ${name}`,
    children.map(({ weight }) => weight),
  );
  const chosen = nextChild(rotation, (index) => canServe(children[index]?.service, table, depth + 1));
  const child = chosen === undefined ? undefined : children[chosen];
  return child && chooseUdpTarget(child.service, table, state, depth + 1);
}

function canServe(name: string | undefined, table: UdpTable, depth: number): boolean {
  const service = name === undefined ? undefined : table.udpServices[name];
  if (service === undefined || depth > MAX_DEPTH) return false;
  if (service.type === "loadBalancer") return (table.relayEndpoints[service.endpoints]?.endpoints.length ?? 0) > 0;
  // It stands for what cannot be had: its share is dropped, and not its siblings'.
  if (service.children.length === 0) return true;
  return service.children.some(({ weight, service: child }) => weight > 0 && canServe(child, table, depth + 1));
}

/** Whether a target is still among the endpoints of a service, terminating ones included. */
export function isStillServed(name: string, target: Target, table: UdpTable, depth = 0): boolean {
  const service = table.udpServices[name];
  if (service === undefined || depth > MAX_DEPTH) return false;
  if (service.type === "weighted") {
    return service.children.some((child) => isStillServed(child.service, target, table, depth + 1));
  }
  const endpoints = table.relayEndpoints[service.endpoints];
  return endpoints !== undefined && targetsOf(endpoints).all.some(({ authority }) => authority === target.authority);
}
