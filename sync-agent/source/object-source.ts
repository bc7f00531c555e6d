import type { Problem } from "../translate/problem.ts";
import type { Kind } from "./kubernetes-object.ts";
import type { ObjectStore } from "./memory-store.ts";

/**
 * Objects that are kept up to date, wherever they come from. What a kind held last stays in the store while its
 * origin cannot be read: an outage never looks like a deletion.
 */
export interface ObjectSource {
  /** Changed by the source only, between calls of its listeners. */
  readonly objects: ObjectStore;
  /** Resolves when every kind has been read once, is not served, or is known not to be readable; never rejects. */
  readonly synced: Promise<void>;
  /** How each kind stands, for metrics and for whoever decides whether to publish. */
  status(): readonly KindStatus[];
  /** Kinds that cannot be read, and objects that are no objects. */
  problems(): readonly Problem[];
  /** Calls back after changes, and when `status` or `problems` changed. `urgent`: an endpoint has left. */
  onChange(listener: (change: { urgent: boolean }) => void): void;
  close(): Promise<void>;
}

/**
 * `syncing`: never read yet. `synced`: followed. `stale`: was read, cannot be followed at present. `forbidden`: the
 * server refuses. `absent`: the server does not have the kind.
 */
export interface KindStatus {
  kind: Kind;
  apiVersion: string;
  state: "syncing" | "synced" | "stale" | "forbidden" | "absent";
  objects: number;
  /** When the server was last heard of for this kind, in milliseconds since 1970. */
  heardAt: number | undefined;
  /** How often following it was begun anew. */
  restarts: number;
  /** What failed last, while it is not mended. */
  error?: string;
}
