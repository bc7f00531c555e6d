export type RouteLabels = { entrypoint: string; router: string; service: string };

export interface Route<T> {
  labels: RouteLabels;
  totals: T;
}

/** Routes beyond so many are counted as one, so that no table makes an answer too large to be read. */
const MAX_ROUTES = 5_000;
const OTHERS = "(others)";

/** Totals by entry point and router, of a bounded number of them. */
export class RouteTotals<T> {
  readonly #create: () => T;
  readonly #forgotten: (labels: RouteLabels) => void;
  readonly #maxRoutes: number;
  readonly #routes = new Map<string, Route<T>>();

  constructor(create: () => T, forgotten: (labels: RouteLabels) => void = () => {}, maxRoutes = MAX_ROUTES) {
    this.#create = create;
    this.#forgotten = forgotten;
    this.#maxRoutes = maxRoutes;
  }

  of(entrypoint: string, router: string, service: string): Route<T> {
    const key = `${entrypoint} ${router} ${service}`;
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    if (this.#routes.size >= this.#maxRoutes && router !== OTHERS) return this.of(entrypoint, OTHERS, OTHERS);
    const route = { labels: { entrypoint, router, service }, totals: this.#create() };
    this.#routes.set(key, route);
    return route;
  }

  /**
   * Forgets the routers that are not among these, but for those that are still in use.
   *
   * @returns whether one is
   */
  retain(routers: ReadonlySet<string>, isInUse: (totals: T) => boolean): boolean {
    let isLeft = false;
    for (const [key, { labels, totals }] of this.#routes) {
      if (routers.has(labels.router) || labels.router === OTHERS) continue;
      if (isInUse(totals)) isLeft = true;
      else {
        this.#routes.delete(key);
        this.#forgotten(labels);
      }
    }
    return isLeft;
  }

  list(): Iterable<Route<T>> {
    return this.#routes.values();
  }
}
