import type { HopGuard, HopGuards } from "../../../src/hop/hop.ts";
import type { Middleware } from "../../../src/table/middleware.ts";
import type { Guard } from "./guard.ts";
import { InFlight } from "./in-flight.ts";

type Middlewares = Readonly<Record<string, Middleware>>;

/** What a request is held to, compiled by one table. */
export interface GuardPlan {
  /** The outermost first. */
  readonly guards: readonly Guard[];
}

/** How often something happened, by the middleware's name in the table. */
export interface GuardStats {
  /** Requests that were not let in. */
  refused: ReadonlyMap<string, number>;
}

/**
 * What middlewares count of the requests of a relay: each router that uses one is counted by itself, as in Traefik, and
 * goes on being counted over new tables.
 */
export class GuardSet {
  readonly #inFlight = new InFlight();
  readonly #refused = new Map<string, number>();

  stats(): GuardStats {
    return { refused: this.#refused };
  }

  /** @returns undefined when it names what the table does not have, or what nothing can be held to */
  plan({ router, list }: HopGuards, middlewares: Middlewares): GuardPlan | undefined {
    const guards: Guard[] = [];
    for (const one of list) {
      const options = Object.hasOwn(middlewares, one.middleware) ? middlewares[one.middleware] : undefined;
      const guard = options === undefined ? undefined : this.#compile(router, one, options);
      if (guard === undefined) return undefined;
      guards.push(guard);
    }
    return { guards };
  }

  /** Forgets the numbers of middlewares that are no more. */
  retain(middlewares: Middlewares): void {
    for (const name of this.#refused.keys()) if (!Object.hasOwn(middlewares, name)) this.#refused.delete(name);
  }

  #compile(router: string, { middleware, key }: HopGuard, options: Middleware): Guard | undefined {
    const onRefused = (): void => countOne(this.#refused, middleware);
    if (options.type !== "inFlightReq") return undefined;
    return this.#inFlight.guard(JSON.stringify([router, middleware, key]), options.amount, onRefused);
  }
}

const countOne = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);
