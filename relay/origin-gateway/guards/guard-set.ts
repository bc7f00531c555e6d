import type { HopGuard, HopGuards } from "../../../src/hop/hop.ts";
import type { Middleware } from "../../../src/table/middleware.ts";
import { createHeldBytes, type HeldBytes } from "../resendable-body.ts";
import type { Guard } from "./guard.ts";
import { InFlight } from "./in-flight.ts";
import { compileRetry, type RetryPolicy } from "./retry-policy.ts";

type Middlewares = Readonly<Record<string, Middleware>>;

/** What a request is held to, compiled by one table. */
export interface GuardPlan {
  /** Those that see the request once, the outermost first. */
  readonly outer: readonly Guard[];
  readonly retry: Retry | undefined;
  /** Those behind the retry, which see each time that it is sent. */
  readonly inner: readonly Guard[];
}

export interface Retry extends RetryPolicy {
  /** Told each time that the request is sent again. */
  onRetry(): void;
}

/** How often something happened, by the middleware's name in the table. */
export interface GuardStats {
  /** Requests that were not let in. */
  refused: ReadonlyMap<string, number>;
  /** Times that a request was sent again. */
  retried: ReadonlyMap<string, number>;
}

export interface GuardSetOptions {
  /** Milliseconds. */
  now: () => number;
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
}

/** Bytes of bodies that all requests together keep to be sent again. What finds no room is sent once. */
const MOST_HELD = 256 * 1024 * 1024;

/**
 * What middlewares count of the requests of a relay: each router that uses one is counted by itself, as in Traefik, and
 * goes on being counted over new tables.
 */
export class GuardSet {
  readonly now: () => number;
  readonly random: () => number;
  readonly heldBytes: HeldBytes = createHeldBytes(MOST_HELD);
  readonly #inFlight = new InFlight();
  readonly #refused = new Map<string, number>();
  readonly #retried = new Map<string, number>();

  constructor({ now, random }: GuardSetOptions) {
    this.now = now;
    this.random = random;
  }

  stats(): GuardStats {
    return { refused: this.#refused, retried: this.#retried };
  }

  /**
   * Of several retries the innermost counts: each within each would multiply what they send.
   *
   * @returns undefined when it names what the table does not have, or what nothing can be held to
   */
  plan({ router, list }: HopGuards, middlewares: Middlewares): GuardPlan | undefined {
    let retry: Retry | undefined;
    let outer: Guard[] = [];
    let inner: Guard[] = [];
    for (const one of list) {
      const options = Object.hasOwn(middlewares, one.middleware) ? middlewares[one.middleware] : undefined;
      if (options?.type === "retry") {
        retry = this.#compileRetry(one.middleware, options);
        outer = [...outer, ...inner];
        inner = [];
        continue;
      }
      const guard = options === undefined ? undefined : this.#compile(router, one, options);
      if (guard === undefined) return undefined;
      inner.push(guard);
    }
    return retry === undefined ? { outer: inner, retry, inner: [] } : { outer, retry, inner };
  }

  /** Forgets the numbers of middlewares that are no more. */
  retain(middlewares: Middlewares): void {
    for (const counts of [this.#refused, this.#retried]) {
      for (const name of counts.keys()) if (!Object.hasOwn(middlewares, name)) counts.delete(name);
    }
  }

  #compileRetry(name: string, options: Extract<Middleware, { type: "retry" }>): Retry {
    return { ...compileRetry(options), onRetry: () => countOne(this.#retried, name) };
  }

  #compile(router: string, { middleware, key }: HopGuard, options: Middleware): Guard | undefined {
    if (options.type !== "inFlightReq") return undefined;
    const onRefused = (): void => countOne(this.#refused, middleware);
    return this.#inFlight.guard(JSON.stringify([router, middleware, key]), options.amount, onRefused);
  }
}

const countOne = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);
