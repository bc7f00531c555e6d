/** A Lease of coordination.k8s.io/v1 as the server sends it; what is not known here is sent back as it came. */
export interface Lease {
  apiVersion: "coordination.k8s.io/v1";
  kind: "Lease";
  metadata: { name: string; namespace: string; resourceVersion?: string; [field: string]: unknown };
  spec?: LeaseSpec;
}

export interface LeaseSpec {
  holderIdentity?: string | null;
  leaseDurationSeconds?: number | null;
  /** V1MicroTime: RFC 3339 with exactly six decimals; a server refuses three. */
  acquireTime?: string | null;
  renewTime?: string | null;
  leaseTransitions?: number | null;
  [field: string]: unknown;
}

/** What of a Lease decides who leads. Its times tell records apart and are never compared with a clock. */
export interface LeaseRecord {
  /** Empty when nobody holds it. */
  holder: string;
  /** Undefined when the Lease says nothing usable. */
  durationMs: number | undefined;
  transitions: number;
  acquireTime: string | undefined;
  renewTime: string | undefined;
}

export function readRecord({ spec = {} }: Lease): LeaseRecord {
  const { holderIdentity, leaseDurationSeconds: seconds, leaseTransitions, acquireTime, renewTime } = spec;
  return {
    holder: holderIdentity ?? "",
    durationMs: typeof seconds === "number" && seconds > 0 ? seconds * 1000 : undefined,
    transitions: leaseTransitions ?? 0,
    acquireTime: acquireTime ?? undefined,
    renewTime: renewTime ?? undefined,
  };
}

/** Whether nobody has written to the Lease in between. */
export const isSameRecord = (a: LeaseRecord, b: LeaseRecord): boolean =>
  a.holder === b.holder &&
  a.durationMs === b.durationMs &&
  a.transitions === b.transitions &&
  a.acquireTime === b.acquireTime &&
  a.renewTime === b.renewTime;

/** V1MicroTime of milliseconds since 1970. */
export const toMicroTime = (epochMs: number): string => new Date(epochMs).toISOString().replace("Z", "000Z");
