import * as z from "zod/mini";
import type { KubernetesObject } from "../source/kubernetes-object.ts";
import { PROGRAMMED_MESSAGE, type Programmed } from "./gateway-status.ts";

/**
 * Knows which Gateways the Worker serves as they are: those whose translation lies in a generation that the beacon
 * accepted and that the Worker, asked itself, answered with or had left behind. Once served, a Gateway stays so until
 * its spec changes: the generations that follow are about other things.
 */
export class ProgrammedGateways {
  /** `metadata.generation` by uid. */
  private readonly served = new Map<string, number>();
  private readonly accepted = new Map<string, { generation: number; pointer: number }>();
  private answered = -1;
  private readonly canAsk: boolean;

  /** @param canAsk whether there is a Worker to ask: without, nothing is ever said to be served */
  constructor(canAsk: boolean) {
    this.canAsk = canAsk;
  }

  /** The beacon accepted a pointer to a table in which these Gateways are translated. */
  accept(gateways: Iterable<KubernetesObject>, pointer: number): void {
    const present = new Set<string>();
    for (const gateway of gateways) {
      const { uid = "", generation = 0 } = gateway.metadata;
      present.add(uid);
      if (this.stateOf(gateway).programmed) continue;
      // An earlier pointer that holds the same spec is the one to wait for.
      if (this.accepted.get(uid)?.generation !== generation) this.accepted.set(uid, { generation, pointer });
    }
    for (const map of [this.served, this.accepted]) {
      for (const uid of map.keys()) if (!present.has(uid)) map.delete(uid);
    }
    this.settle();
  }

  /** The Worker said which generation it serves. */
  answer(pointer: number): void {
    this.answered = pointer;
    this.settle();
  }

  /** The oldest pointer that a Gateway waits for; undefined when none waits. */
  awaited(): number | undefined {
    const open = [...this.accepted.values()].map(({ pointer }) => pointer);
    return open.length === 0 ? undefined : Math.min(...open);
  }

  stateOf(gateway: KubernetesObject): Programmed {
    const { uid = "", generation = 0 } = gateway.metadata;
    if (this.served.get(uid) === generation || saysProgrammed(gateway)) return { programmed: true };
    const open = this.accepted.get(uid);
    const waitsFor =
      open?.generation !== generation
        ? "Waits for its table to be published"
        : this.canAsk
          ? `Published as generation ${open.pointer}; the Worker does not answer with it yet`
          : `Published as generation ${open.pointer}; without an admin URL the agent cannot ask the Worker for it`;
    return { programmed: false, waitsFor };
  }

  private settle(): void {
    for (const [uid, { generation, pointer }] of this.accepted) {
      if (pointer > this.answered) continue;
      this.served.set(uid, generation);
      this.accepted.delete(uid);
    }
  }
}

const statusSchema = z.object({
  conditions: z.array(
    z.object({ type: z.string(), status: z.string(), message: z.string(), observedGeneration: z.optional(z.number()) }),
  ),
});

/** What an agent before this one found out, by its own words. */
function saysProgrammed({ status, metadata }: KubernetesObject): boolean {
  const { conditions = [] } = z.safeParse(statusSchema, status).data ?? {};
  return conditions.some(
    ({ type, status, message, observedGeneration }) =>
      type === "Programmed" &&
      status === "True" &&
      message === PROGRAMMED_MESSAGE &&
      observedGeneration === (metadata.generation ?? 0),
  );
}
