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
