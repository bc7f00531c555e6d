import type { BalanceState } from "../../src/balance/balance-state.ts";
import { hashNames, pickByKey } from "../../src/balance/rendezvous.ts";
import { nextChild } from "../../src/balance/rotation.ts";
import type { TcpLoadBalancer, TcpService } from "../../src/table/tcp.ts";
import type { DialFailures } from "../origin-gateway/dial-failures.ts";
import { orderTargets } from "../origin-gateway/order-targets.ts";
import { type Target, targetsOf } from "../origin-gateway/target.ts";
import type { StreamTable } from "./stream-table.ts";

/** What choosing depends on besides the table. It outlives every table. */
export interface ChoiceState {
  balance: BalanceState;
  failures: DialFailures;
  /** Open connections by the target's authority. */
  connections: ReadonlyMap<string, number>;
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
  health?: EndpointStates | undefined;
}

/** What active health checks know. */
interface EndpointStates {
  /** Whether nothing is down. */
  readonly isEmpty: boolean;
  isDown(service: string, authority: string): boolean;
}

export interface Choice {
  loadBalancer: TcpLoadBalancer;
  /** In the order in which they are tried. */
  targets: Iterable<Target>;
}

/** Services nest by name, and a name may come back to itself. */
const MAX_DEPTH = 10;

/** Follows a service by its weights to the endpoints of one load balancer; undefined when none of them can serve. */
export function chooseTargets(
  name: string,
  table: Pick<StreamTable, "tcpServices" | "relayEndpoints">,
  clientAddress: string,
  state: ChoiceState,
): Choice | undefined {
  let current = name;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const service = table.tcpServices[current];
    if (service === undefined) return undefined;
    if (service.type === "loadBalancer") return chooseEndpoints(current, service, table, clientAddress, state);
    const { children } = service;
    const rotation = state.balance.rotation(
      `tcp ${current}`,
      children.map(({ weight }) => weight),
    );
    const { health } = state;
    const canTake = (index: number, states: EndpointStates | undefined): boolean => {
      const child = children[index];
      return child !== undefined && child.weight > 0 && canServe(child.service, table, depth + 1, states);
    };
    const isAnyDown = health !== undefined && !health.isEmpty;
    // When all are down, all are tried: a probe may be wrong.
    const isUp = ({ service: child }: { service: string }, index: number): boolean =>
      canTake(index, health) && !refuses(table.tcpServices[child]);
    const states = isAnyDown && children.some(isUp) ? health : undefined;
    const chosen = nextChild(rotation, (index) => canTake(index, states));
    const next = chosen === undefined ? undefined : children[chosen];
    if (next === undefined) return undefined;
    current = next.service;
  }
  return undefined;
}

/** Whether a service stands for what cannot be had: its share is refused, and not its siblings'. */
const refuses = (service: TcpService | undefined): boolean =>
  service?.type === "weighted" && service.children.length === 0;

function canServe(
  name: string,
  table: Pick<StreamTable, "tcpServices" | "relayEndpoints">,
  depth: number,
  states: EndpointStates | undefined,
): boolean {
  const service = table.tcpServices[name];
  if (service === undefined || depth > MAX_DEPTH) return false;
  if (service.type === "weighted") {
    if (refuses(service)) return true;
    return service.children.some((child) => child.weight > 0 && canServe(child.service, table, depth + 1, states));
  }
  const endpoints = table.relayEndpoints[service.endpoints];
  if (endpoints === undefined || endpoints.endpoints.length === 0) return false;
  if (service.healthCheck === undefined || states === undefined) return true;
  return targetsOf(endpoints).candidates.some(({ authority }) => !states.isDown(name, authority));
}

function chooseEndpoints(
  name: string,
  loadBalancer: TcpLoadBalancer,
  table: Pick<StreamTable, "relayEndpoints">,
  clientAddress: string,
  state: ChoiceState,
): Choice | undefined {
  const endpoints = table.relayEndpoints[loadBalancer.endpoints];
  if (endpoints === undefined) return undefined;
  const set = targetsOf(endpoints);
  const { balance } = state;
  const failures = withHealth(name, loadBalancer, state);
  const prefer = loadBalancer.strategy === undefined ? undefined : preferences[loadBalancer.strategy];
  const first = prefer?.(
    set.candidates.filter(({ authority }) => !failures.isDown(authority)),
    clientAddress,
    state,
  );
  return { loadBalancer, targets: orderTargets(set, `tcp ${name}`, first, balance, failures) };
}

/** Endpoints that fail their health checks are tried last, like those that lately refused. */
function withHealth(name: string, { healthCheck }: TcpLoadBalancer, { failures, health }: ChoiceState): DialFailures {
  if (healthCheck === undefined || health === undefined || health.isEmpty) return failures;
  return {
    ...failures,
    isDown: (authority) => failures.isDown(authority) || health.isDown(name, authority),
    isEmpty: () => false,
  };
}

type Prefer = (targets: readonly Target[], clientAddress: string, state: ChoiceState) => Target | undefined;

/** Which target comes first; undefined leaves it to the rotation. */
const preferences: Record<NonNullable<TcpLoadBalancer["strategy"]>, Prefer> = {
  wrr: () => undefined,
  leastconn(targets, _, { connections, random }) {
    const loads = targets.map(({ authority }) => connections.get(authority) ?? 0);
    const least = loads.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const tied = targets.filter((__, index) => loads[index] === least);
    return tied[Math.floor(random() * tied.length)];
  },
  /** When a target goes, only its own clients move. */
  clientIp(targets, clientAddress) {
    const hashes = hashNames(targets.map(({ authority }) => authority));
    const weights = targets.map(() => 1);
    return targets[pickByKey(clientAddress, hashes, weights, () => true) ?? 0];
  },
};
