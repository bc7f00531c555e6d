/** What decides which of two matching routers serves: parts of a `Router`. */
export interface RouterOrder {
  readonly priority: number;
  readonly tieBreaker: string;
}

/** Sorts the router that wins first: the higher priority, then the smaller tie breaker. 0 for the same router. */
export function compareRouters(a: RouterOrder, b: RouterOrder): number {
  if (a.priority !== b.priority) return a.priority > b.priority ? -1 : 1;
  return a.tieBreaker === b.tieBreaker ? 0 : a.tieBreaker < b.tieBreaker ? -1 : 1;
}
