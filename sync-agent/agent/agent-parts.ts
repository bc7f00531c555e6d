import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import type { ObjectSource } from "../source/object-source.ts";
import type { ObjectReader } from "../source/object-store.ts";
import type { Problem } from "../translate/problem.ts";
import type { Translation, Translator } from "../translate/translate.ts";

/** What the agent is put together from. Each part has one real implementation, wired in `start-agent.ts`. */
export interface AgentParts {
  source: ObjectSource;
  translator: Translator;
  feed: TableFeed;
  publisher: TablePublisher;
  lease: LeaderLease;
  statuses: StatusSink;
  hosts: HostWatch;
  meter: AgentMeter;
  log: Log;
}

/** Sends tables to relays. */
export interface TableFeed {
  /** @param pointer the last one that the beacon is known to have accepted */
  publish(state: { pointer: Pointer | null; table: Table }): void;
  close(): Promise<void>;
}

/** Writes tables where the edge reads them. Its promises may hang: whoever waits for one sets a limit. */
export interface TablePublisher {
  /**
   * @param atLeast the Lease's transitions
   * @returns an epoch that nobody has had before: writers of older ones are refused from now on
   */
  claim(atLeast: number, signal: AbortSignal): Promise<number>;
  publish(table: Table, options: { epoch: number; signal: AbortSignal }): Promise<PublishOutcome>;
  /** Where the pointer is, whoever moved it; null before the first. */
  pointer(signal: AbortSignal): Promise<Pointer | null>;
  /** Whether an error that this publisher threw will not go away by itself: credentials, a namespace that is not there. */
  isFatal(error: unknown): boolean;
  close(): Promise<void>;
}

export type PublishOutcome =
  | { status: "published" | "unchanged"; pointer: Pointer; problems: readonly PublishProblem[] }
  /** `message` says in one sentence what was refused and what to do; `plan` what would be published. */
  | { status: "refused"; reason: Refusal; message: string; plan?: string; pointer: Pointer | undefined };

/** What of a table does not fit into KV. */
export interface PublishProblem {
  code: string;
  message: string;
}

/** `guarded`: by this process's own guard. The others are the beacon's. */
export type Refusal = "stale-epoch" | "stale-expectation" | "other-publisher" | "pinned" | "guarded";

/** Leadership among replicas. */
export interface LeaderLease {
  start(events: { onStarted(lead: { transitions: number }): void; onLost(): void }): void;
  /** By this process's clock, at this very moment. */
  isLeader(): boolean;
  /** Asks the API server afresh. Throws when it cannot be asked. */
  confirm(signal: AbortSignal): Promise<boolean>;
  /** Gives it up, if held, so that another may lead at once; resolves when the server knows, and never rejects. */
  release(): Promise<void>;
}

/** Tells users in the cluster what became of their objects. */
export interface StatusSink {
  /** Called in the same step as the translation. */
  translated(objects: ObjectReader, problems: readonly Problem[]): { accepted(generation: number): void };
  leads(): void;
  close(): Promise<void>;
}

/** Sees to it that the hosts of what is published reach the Worker, or says which do not. */
export interface HostWatch {
  /** @param update the table that was published last; `mayDetach` is false while a later one is refused */
  update(update: { table: Table; objects: ObjectReader; mayDetach: boolean }): void;
  problems(): readonly Problem[];
  onChange(listener: () => void): void;
  close(): Promise<void>;
}

/** Takes log lines; pino's loggers do. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Takes measurements. */
export interface AgentMeter {
  translated(run: { seconds: number; translation: Translation; problems: readonly Problem[]; isUrgent: boolean }): void;
  attempted(attempt: { outcome: string; seconds: number }): void;
  /** The published table is the one that is wanted, at this moment. */
  confirmed(): void;
  /** What the edge was last told, by whichever replica. */
  pointed(pointer: Pointer): void;
  leads(state: { isLeader: boolean; epoch: number | undefined }): void;
}
