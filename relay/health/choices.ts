import { noteFailure, takeTurn, weightOf } from "../../src/balance/dynamic-turns.ts";
import { expectedMs, lessBusyOfTwo, noteAnswer, soonest } from "../../src/balance/load.ts";
import { createPassiveHealth } from "../../src/balance/passive-health.ts";
import { pickByKey } from "../../src/balance/rendezvous.ts";
import { clientKeyOf, type KeyedClient } from "../../src/service/client-key.ts";
import type { LoadBalancer } from "../../src/table/service.ts";
import type { Target, TargetSet } from "../origin-gateway/target.ts";
import { Balancing } from "./balancing.ts";
import type { HttpHealth } from "./http-health.ts";

/** How the endpoint of one request is chosen, where its load balancer asks for more than turns. */
export interface Choice {
  /** Whether an endpoint is healthy: one that is not gets no requests. */
  mayServe(target: Target): boolean;
  /**
   * The candidate that comes next, among those that can serve; asked again when that one failed. undefined where
   * candidates take turns.
   */
  readonly next: ((canServe: (candidate: number) => boolean) => number | undefined) | undefined;
  /** To be told that the request is sent to an endpoint. */
  begin(target: Target): Attempt;
}

/** One request on its way to one endpoint. */
export interface Attempt {
  /** Its answer has begun. */
  answered(status: number): void;
  /** It is over. Without an answer it has failed, unless that says nothing of the endpoint. */
  ended(saysNothing: boolean): void;
}

export interface ChoicesOptions {
  health: Pick<HttpHealth, "isDown" | "takeDown">;
  /** Milliseconds. */
  now: () => number;
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
  /** Told that an endpoint is left out because requests to it failed. */
  onEjected: (service: LoadBalancer, target: Target) => void;
}

/** Whether a load balancer asks for more than turns. */
export const needsChoice = ({ strategy, healthCheck, passiveHealthCheck }: LoadBalancer): boolean =>
  strategy !== undefined || healthCheck !== undefined || passiveHealthCheck !== undefined;

/** What choices remember from one request to the next. */
export class Choices {
  readonly #options: ChoicesOptions;
  readonly #balancings = new Map<string, Balancing>();
  readonly #passive: ReturnType<typeof createPassiveHealth>;

  constructor(options: ChoicesOptions) {
    this.#options = options;
    this.#passive = createPassiveHealth(options.now);
  }

  of(service: LoadBalancer, targets: TargetSet, client: KeyedClient): Choice {
    const { health } = this.#options;
    const { strategy, healthCheck, passiveHealthCheck } = service;
    const balancing = strategy === undefined || strategy === "hrw" ? undefined : this.#balancingOf(service.endpoints);
    const passive = passiveHealthCheck === undefined ? undefined : this.#passive;
    return {
      mayServe: (target) =>
        // Where there are probes, only they bring an endpoint back.
        healthCheck === undefined
          ? passive?.isDown(passiveKey(service, target)) !== true
          : !health.isDown(service, target),
      next: strategy === undefined ? undefined : (canServe) => this.#next(service, targets, client, canServe),
      begin: (target) => this.#begin(service, target, balancing),
    };
  }

  /** Forgets endpoints that are not among these. */
  retain(authorities: ReadonlySet<string>): void {
    for (const [key, balancing] of this.#balancings) if (!balancing.retain(authorities)) this.#balancings.delete(key);
  }

  #next(
    service: LoadBalancer,
    targets: TargetSet,
    client: KeyedClient,
    canServe: (candidate: number) => boolean,
  ): number | undefined {
    const { random } = this.#options;
    const now = this.#options.now();
    const balancing = this.#balancingOf(service.endpoints);
    const { hashes, loads, standings } = balancing.of(targets);
    switch (service.strategy) {
      case "hrw":
        return pickByKey(clientKeyOf(service.clientKey, client), hashes, targets.weights, canServe);
      case "p2c":
        return lessBusyOfTwo(loads, canServe, random);
      case "leasttime": {
        const equal = soonest(loads, now, canServe);
        return equal[balancing.turn++ % Math.max(equal.length, 1)];
      }
      default: {
        const known = loads.filter(({ samples }) => samples > 0);
        const fastest = known.reduce((least, load) => Math.min(least, expectedMs(load, now)), Number.POSITIVE_INFINITY);
        const weights = standings.map((standing, index) => {
          const load = loads[index];
          return load === undefined ? 0 : weightOf(standing, load, known.length === 0 ? 0 : fastest, now);
        });
        return takeTurn(standings, weights, canServe);
      }
    }
  }

  #begin(service: LoadBalancer, target: Target, balancing: Balancing | undefined): Attempt {
    const { now } = this.#options;
    const memory = balancing?.find(target.authority);
    const begun = now();
    let isAnswered = false;
    if (memory !== undefined) memory.load.inFlight++;
    const note = (hasFailed: boolean): void => {
      const time = now();
      if (memory !== undefined) {
        noteAnswer(memory.load, time - begun, hasFailed, time);
        if (hasFailed) noteFailure(memory.standing, time);
      }
      if (service.passiveHealthCheck === undefined) return;
      if (hasFailed) this.#fail(service, target);
      else this.#passive.answered(passiveKey(service, target));
    };
    return {
      answered(status) {
        isAnswered = true;
        note(status >= 500);
      },
      ended(saysNothing) {
        if (memory !== undefined) memory.load.inFlight--;
        if (!isAnswered && !saysNothing) note(true);
      },
    };
  }

  #fail(service: LoadBalancer, target: Target): void {
    const { passiveHealthCheck, healthCheck } = service;
    if (passiveHealthCheck === undefined) return;
    if (!this.#passive.failed(passiveKey(service, target), passiveHealthCheck)) return;
    if (healthCheck !== undefined) this.#options.health.takeDown(service, target);
    this.#options.onEjected(service, target);
  }

  #balancingOf(endpoints: string): Balancing {
    let balancing = this.#balancings.get(endpoints);
    if (balancing === undefined) {
      balancing = new Balancing(this.#options.now);
      this.#balancings.set(endpoints, balancing);
    }
    return balancing;
  }
}

const passiveKey = ({ endpoints }: LoadBalancer, { authority }: Target): string => `${endpoints} ${authority}`;
