import type { AttachedHosts } from "./plan-hosts.ts";

/** What is asked of Cloudflare about hosts. Every method throws `HostsApiError`. */
export interface HostsApi {
  /** @param hosts those that are asked about: only their zones' routes are read */
  attached(hosts: readonly string[], signal: AbortSignal): Promise<AttachedHosts>;
  /** Attaches a custom domain to the Worker, if nothing else has the name. @returns the domain's id */
  attach(host: string, signal: AbortSignal): Promise<string>;
  /** Detaches a custom domain; one that is gone already is fine. */
  detach(id: string, signal: AbortSignal): Promise<void>;
}

/** `transient`: worth another try later. `forbidden`: the token may not. `refused`: this host cannot be had. */
export type HostsErrorCode = "transient" | "forbidden" | "refused";

export class HostsApiError extends Error {
  readonly code: HostsErrorCode;

  constructor(code: HostsErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Where records of hosts are kept: KV. */
export interface HostRecordStore {
  /** @returns undefined for a missing key */
  get(key: string, signal: AbortSignal): Promise<string | undefined>;
  put(key: string, value: string, signal: AbortSignal): Promise<void>;
  /** @returns the keys that begin so */
  list(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
}
