import { createStanding, type Standing } from "../../src/balance/dynamic-turns.ts";
import { createLoad, type Load } from "../../src/balance/load.ts";
import { hashNames } from "../../src/balance/rendezvous.ts";
import type { TargetSet } from "../origin-gateway/target.ts";

/** What is remembered of one endpoint. */
interface Memory {
  load: Load;
  standing: Standing;
}

/** What is known of the candidates of one list of endpoints, in their order. */
interface Candidates {
  targets: TargetSet;
  /** Of their names, for `pickByKey`. */
  hashes: readonly number[];
  loads: readonly Load[];
  standings: readonly Standing[];
}

/** What the strategies that look at endpoints remember of those of one service, over new tables. */
export class Balancing {
  /** Counts choices among equals. */
  turn = 0;
  readonly #memories = new Map<string, Memory>();
  readonly #now: () => number;
  #candidates: Candidates | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  of(targets: TargetSet): Candidates {
    if (this.#candidates?.targets === targets) return this.#candidates;
    const now = this.#now();
    const isFirst = this.#memories.size === 0;
    const names = targets.candidates.map(({ authority }) => authority);
    const memories = names.map((name) => {
      const memory = this.#memories.get(name) ?? { load: createLoad(), standing: createStanding(now, !isFirst) };
      this.#memories.set(name, memory);
      return memory;
    });
    this.#candidates = {
      targets,
      hashes: hashNames(names),
      loads: memories.map(({ load }) => load),
      standings: memories.map(({ standing }) => standing),
    };
    return this.#candidates;
  }

  /** undefined for what is no candidate: the Service's own address. */
  find(authority: string): Memory | undefined {
    return this.#memories.get(authority);
  }

  /** Forgets endpoints that are not among these. @returns whether any is left */
  retain(authorities: ReadonlySet<string>): boolean {
    for (const authority of this.#memories.keys()) if (!authorities.has(authority)) this.#memories.delete(authority);
    return this.#memories.size > 0;
  }
}
