import type { NetConnectOpts } from "node:net";
import type { StreamSettings } from "./streams/stream-settings.ts";

/** What the relay is told when it is started. */
export interface RelaySettings {
  feed: { urls: string[]; tokenFile: string; caFile: string | undefined };
  /** Where the last good table is kept; undefined keeps none. */
  cacheFile: string | undefined;
  /** False: the file is only read, since another process keeps it. */
  keepsCache: boolean;
  gateway: Listen;
  /** How many processes listen at the same ports. */
  processes: number;
  /** Public keys of the edge: a file or a folder. */
  hopKeys: string;
  operations: Listen;
  streams: StreamSettings;
  /** Other places for entry points of TCP and UDP than the table names. */
  streamAddresses: Readonly<Record<string, Listen>>;
  grpc: {
    /** The entry points at which calls come in, by name. */
    entryPoints: readonly string[];
    /** Opens what middlewares need of Secrets; without it those that do refuse everybody. */
    sealKeyFile: string | undefined;
  };
  /** Where the SPIFFE Workload API is served; undefined: Pods that are known by SPIFFE are not connected to. */
  spiffeEndpoint: NetConnectOpts | undefined;
  /** Whether each connection, UDP session and call has a line in the log. */
  hasAccessLog: boolean;
  /** How long requests and connections may take to end when the relay is told to stop, in milliseconds. */
  graceMs: number;
  logLevel: "debug" | "info" | "warn" | "error";
}

export interface Listen {
  host: string;
  port: number;
  /** Other processes listen there too. */
  reusePort?: boolean;
}
