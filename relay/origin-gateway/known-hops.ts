import { decodeHop } from "../../src/hop/decode-hop.ts";
import type { Hop } from "../../src/hop/hop.ts";
import type { LoadBalancer, ServersTransport } from "../../src/table/service.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { GatewayTable } from "./gateway-table.ts";
import type { GuardPlan } from "./guards/guard-set.ts";
import type { TargetSet } from "./target.ts";

/** A request that may be sent on. */
export interface Admitted {
  hop: Hop;
  /** The table that the request is answered by, whatever comes after it. */
  table: GatewayTable;
  service: LoadBalancer;
  targets: TargetSet;
  /** How they are connected to; undefined for the defaults. */
  transport: ServersTransport | undefined;
  /** Lines for the answer: where the edge finds a newer table, if it does not route by this one. */
  answerHeaders: readonly string[];
  /** What the request is held to; undefined: nothing. */
  guards: GuardPlan | undefined;
}

/** What a packed hop says, and where it leads by the table of the moment. */
export interface KnownHop {
  readonly hop: Hop;
  admitted: Admitted | undefined;
}

/** As many as tokens whose verdicts are kept: some MiB. */
const MAX_HOPS = 4_096;

/** A client that comes again brings the same hop: it is looked up, not read. All is forgotten with each new table. */
export class KnownHops {
  readonly #known = new BoundedMap<string, KnownHop>(MAX_HOPS);
  #table: GatewayTable | undefined;

  /** @returns undefined for what no edge packs */
  read(packed: string, table: GatewayTable | undefined): KnownHop | undefined {
    if (table !== this.#table) {
      this.#table = table;
      this.#known.clear();
    }
    const before = this.#known.get(packed);
    if (before !== undefined) return before;
    const hop = decodeHop(packed);
    if (hop === undefined) return undefined;
    const known: KnownHop = { hop, admitted: undefined };
    this.#known.set(packed, known);
    return known;
  }
}
