import type { Endpoint, Endpoints } from "../../src/table/service.ts";

/** Where a connection goes. */
export interface Target {
  /** An IP address, or an ExternalName's host name. */
  address: string;
  /** `10.0.0.1:80`, `[2001:db8::1]:80`: how it is written in a URL, and what is remembered of it is kept by. */
  authority: string;
  /** It may close what is idle, or everything, at any moment. */
  isTerminating: boolean;
}

/** The endpoints of one service in one table, as requests need them. */
export interface TargetSet {
  /** All that may be dialled, apart from the last resort. */
  all: readonly Target[];
  /** Those that get new sessions: the ready ones, or when none is ready all, as kube-proxy does. */
  candidates: readonly Target[];
  /** One turn for each candidate. */
  weights: readonly number[];
  /** The Service's own address. */
  lastResort: Target | undefined;
  /** Whether there is another target when one refuses. */
  hasSiblings: boolean;
}

/** Made once for each published list of endpoints: lists are never changed in place. */
const sets = new WeakMap<Endpoints, TargetSet>();

export function targetsOf(endpoints: Endpoints): TargetSet {
  let set = sets.get(endpoints);
  if (set === undefined) {
    set = createTargetSet(endpoints);
    sets.set(endpoints, set);
  }
  return set;
}

export const authorityOf = ({ address, port }: Pick<Endpoint, "address" | "port">): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

function createTargetSet({ endpoints, clusterIp }: Endpoints): TargetSet {
  const all = endpoints.map(toTarget);
  const ready = all.filter((_, index) => endpoints[index]?.state === "ready");
  const candidates = ready.length > 0 ? ready : all;
  return {
    all,
    candidates,
    weights: candidates.map(() => 1),
    lastResort: clusterIp === undefined ? undefined : toTarget(clusterIp),
    hasSiblings: all.length + (clusterIp === undefined ? 0 : 1) > 1,
  };
}

const toTarget = (endpoint: Pick<Endpoint, "address" | "port"> & { state?: Endpoint["state"] }): Target => ({
  address: endpoint.address,
  authority: authorityOf(endpoint),
  isTerminating: endpoint.state === "terminating",
});
