/** What rules are tested against: one request, in the forms in which rules compare. */
export interface RequestFacts {
  /** Lowercased, without port and IPv6 brackets; empty when the request has no Host. */
  readonly host: string;
  /** The routing path: see `routingPath`. */
  readonly path: string;
  /** As sent: methods are case-sensitive (RFC 9110, section 9.1). */
  readonly method: string;
  /** All lines of a header joined by `, ` (as the Fetch standard hands them out), or null. */
  header(name: string): string | null;
  /** The decoded values of a query key, in order; empty when it is absent. */
  query(key: string): readonly string[];
  /** Two capital letters; empty where it is not known. */
  country(): string;
  /** The connection's peer, an IP address without port. */
  readonly clientAddress: string;
}
