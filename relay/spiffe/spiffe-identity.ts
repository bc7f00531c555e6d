/** Who the relay is to Pods, and whom it trusts to say who they are. Never changed in place. */
export interface SpiffeIdentity {
  /** Its own SPIFFE ID, and the trust domain of that. */
  id: string;
  trustDomain: string;
  /** Its X.509-SVID with what lies between that and its authority, PEM. */
  certificate: string;
  /** PEM. */
  key: string;
  /** PEM certificates of each trust domain's authorities. */
  bundles: ReadonlyMap<string, readonly string[]>;
  /** When its certificate ends, in milliseconds since 1970. */
  expiresAt: number;
}

/** Whether one says nothing else than the other. */
export function isSameIdentity(one: SpiffeIdentity, other: SpiffeIdentity): boolean {
  return (
    one.id === other.id &&
    one.certificate === other.certificate &&
    one.key === other.key &&
    one.bundles.size === other.bundles.size &&
    [...one.bundles].every(([domain, authorities]) => isSameList(authorities, other.bundles.get(domain)))
  );
}

const isSameList = (one: readonly string[], other: readonly string[] = []): boolean =>
  one.length === other.length && one.every((text, at) => text === other[at]);
