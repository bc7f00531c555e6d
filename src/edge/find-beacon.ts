import type { AdvanceRequest, AdvanceResult, HistoryEntry, Pin } from "../beacon/beacon-state.ts";
import type { Env } from "../env.ts";
import type { Pointer } from "../table/snapshot.ts";

/** The calls of a publisher's beacon. */
export interface BeaconCalls {
  current(): Promise<Pointer | null>;
  advance(request: AdvanceRequest): Promise<AdvanceResult>;
  claim(atLeast: number): Promise<number>;
  history(): Promise<HistoryEntry[]>;
  pinned(): Promise<Pin | null>;
  release(): Promise<void>;
}

/**
 * The publisher's beacon, undefined without its binding. A stub belongs to the request that made it, so each call
 * makes its own.
 */
export function findBeacon({ BEACON: namespace, PUBLISHER: publisher }: Env): BeaconCalls | undefined {
  if (namespace === undefined) return undefined;
  const stub = () => namespace.get(namespace.idFromName(publisher));
  return {
    current: () => stub().current(),
    advance: (request) => stub().advance(request),
    claim: (atLeast) => stub().claim(atLeast),
    history: () => stub().history(),
    pinned: () => stub().pinned(),
    release: () => stub().release(),
  };
}
