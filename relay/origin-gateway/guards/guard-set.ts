import type { HopGuard, HopGuards } from "../../../src/hop/hop.ts";
import { isEqual } from "../../../src/table/is-equal.ts";
import type { Middleware, MiddlewareOptions } from "../../../src/table/middleware.ts";
import { createHeldBytes, type HeldBytes } from "../resendable-body.ts";
import { Breaker } from "./breaker.ts";
import type { Guard } from "./guard.ts";
import { InFlight } from "./in-flight.ts";
import { compileRetry, type RetryPolicy } from "./retry-policy.ts";
import { compileTimeout, type Timeout } from "./timeout.ts";

type Middlewares = Readonly<Record<string, Middleware>>;

/** What a request is held to, compiled by one table. */
export interface GuardPlan {
  /** Those that see the request once, the outermost first. */
  readonly outer: readonly Guard[];
  readonly retry: Retry | undefined;
  /** Those behind the retry, which see each time that it is sent. */
  readonly inner: readonly Guard[];
  /** Left out: none. */
  readonly timeout?: Timeout | undefined;
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
  /** Times that a circuit breaker opened. */
  opened: ReadonlyMap<string, number>;
}

export interface GuardSetOptions {
  /** Milliseconds. */
  now: () => number;
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
}

/** Bytes of bodies that all requests together keep to be sent again. What finds no room is sent once. */
const MOST_HELD = 256 * 1024 * 1024;
/** Routers come and go, and a breaker is worth some KiB. */
const MOST_BREAKERS = 10_000;

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
  readonly #opened = new Map<string, number>();
  readonly #breakers = new Map<string, { middleware: string; breaker: Breaker }>();
  /** By what the table says of each, which stays the same object until it changes. */
  readonly #retries = new WeakMap<MiddlewareOptions<"retry">, Retry>();
  #retained: Middlewares | undefined;

  constructor({ now, random }: GuardSetOptions) {
    this.now = now;
    this.random = random;
  }

  stats(): GuardStats {
    return { refused: this.#refused, retried: this.#retried, opened: this.#opened };
  }

  /**
   * Of several retries the innermost counts: each within each would multiply what they send. So it does of timeouts.
   *
   * @returns undefined when it names what the table does not have, or what nothing can be held to
   */
  plan({ router, list }: HopGuards, middlewares: Middlewares): GuardPlan | undefined {
    let retry: Retry | undefined;
    let timeout: Timeout | undefined;
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
      if (options?.type === "timeout") {
        timeout = compileTimeout(options, one.key);
        if (timeout === undefined) return undefined;
        continue;
      }
      const guard = options === undefined ? undefined : this.#compile(router, one, options);
      if (guard === undefined) return undefined;
      inner.push(guard);
    }
    return retry === undefined ? { outer: inner, retry, inner: [], timeout } : { outer, retry, inner, timeout };
  }

  /** Forgets the numbers and breakers of middlewares that are no more. */
  retain(middlewares: Middlewares): void {
    if (middlewares === this.#retained) return;
    this.#retained = middlewares;
    for (const counts of [this.#refused, this.#retried, this.#opened]) {
      for (const name of counts.keys()) if (!Object.hasOwn(middlewares, name)) counts.delete(name);
    }
    for (const [key, { middleware }] of this.#breakers) {
      if (!Object.hasOwn(middlewares, middleware)) this.#breakers.delete(key);
    }
  }

  #compileRetry(name: string, options: MiddlewareOptions<"retry">): Retry {
    let retry = this.#retries.get(options);
    if (retry === undefined) {
      retry = { ...compileRetry(options), onRetry: () => countOne(this.#retried, name) };
      this.#retries.set(options, retry);
    }
    return retry;
  }

  #compile(router: string, { middleware, key }: HopGuard, options: Middleware): Guard | undefined {
    const onRefused = (): void => countOne(this.#refused, middleware);
    switch (options.type) {
      case "inFlightReq":
        return this.#inFlight.guard(JSON.stringify([router, middleware, key]), options.amount, onRefused);
      case "circuitBreaker":
        return this.#breaker([router, middleware, key], middleware, options);
      default:
        return undefined;
    }
  }

  /** The router's own, which a new table does not close. */
  #breaker(whose: readonly string[], middleware: string, options: MiddlewareOptions<"circuitBreaker">): Breaker {
    const key = JSON.stringify(whose);
    const known = this.#breakers.get(key)?.breaker;
    if (known !== undefined && isEqual(known.options, options)) return known;
    const breaker = new Breaker(options, this.now, {
      onOpened: () => countOne(this.#opened, middleware),
      onRefused: () => countOne(this.#refused, middleware),
    });
    const [oldest] = this.#breakers.keys();
    if (this.#breakers.size >= MOST_BREAKERS && oldest !== undefined) this.#breakers.delete(oldest);
    this.#breakers.set(key, { middleware, breaker });
    return breaker;
  }
}

const countOne = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);
