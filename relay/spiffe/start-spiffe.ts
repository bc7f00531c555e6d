import type { NetConnectOpts } from "node:net";
import { performance } from "node:perf_hooks";
import { SpiffeTrust } from "./spiffe-trust.ts";
import { type SvidSource, startSvidSource } from "./svid-source.ts";

/** What a program knows Pods by where their transport asks for SPIFFE. */
export interface Spiffe {
  readonly trust: SpiffeTrust;
  /** undefined without a Workload API. */
  readonly source: SvidSource | undefined;
  close(): Promise<void>;
}

/** @param endpoint where the Workload API is served; without one all Pods that are to be known by SPIFFE are refused */
export function startSpiffe(
  endpoint: NetConnectOpts | undefined,
  log: (level: "info" | "warn", message: string, fields: object) => void,
): Spiffe {
  const source = endpoint && startSvidSource({ endpoint, now: Date.now, random: Math.random, log });
  const trust = new SpiffeTrust({ ...(source && { source }), now: () => performance.now(), log });
  return { trust, source, close: async () => source?.close() };
}
