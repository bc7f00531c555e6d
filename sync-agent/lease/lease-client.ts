import { type ApiClient, ApiError } from "../source/cluster/api-client.ts";
import type { Lease } from "./lease-record.ts";

/** Reads and writes one Lease; `resourceVersion` makes a replacement a compare-and-set. */
export interface LeaseClient {
  /** @throws LeaseError */
  get(signal: AbortSignal): Promise<Lease>;
  /** @throws LeaseError `conflict` when there is one */
  create(lease: Lease, signal: AbortSignal): Promise<Lease>;
  /** @throws LeaseError `conflict` when it was written to meanwhile */
  replace(lease: Lease, signal: AbortSignal): Promise<Lease>;
}

/** `refused`: permission is missing, or the server does not take the Lease; trying again helps only when somebody mends it. */
export type LeaseErrorCode = "conflict" | "not-found" | "transient" | "refused";

export class LeaseError extends Error {
  readonly code: LeaseErrorCode;

  constructor(code: LeaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The Lease of this name over a client of the API server. */
export function createLeaseClient(
  api: ApiClient,
  { namespace, name }: { namespace: string; name: string },
): LeaseClient {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const ask = async (request: Parameters<ApiClient["request"]>[0]): Promise<Lease> => {
    const answer = await api.request(request).catch((error: unknown) => {
      throw toLeaseError(error);
    });
    if (!isLease(answer)) throw new LeaseError("transient", "The API server answered something else than a Lease");
    return answer;
  };
  return {
    get: (signal) => ask({ path, signal }),
    create: (body, signal) => ask({ method: "POST", path: collection, body, signal }),
    replace: (body, signal) => ask({ method: "PUT", path, body, signal }),
  };
}

function toLeaseError(error: unknown): LeaseError {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof ApiError ? error.code : "transient";
  switch (code) {
    case "conflict":
    case "not-found":
    case "transient":
      return new LeaseError(code, message, { cause: error });
    default:
      return new LeaseError("refused", message, { cause: error });
  }
}

function isLease(value: unknown): value is Lease {
  if (typeof value !== "object" || value === null) return false;
  const { metadata, spec } = value as { metadata?: unknown; spec?: unknown };
  const isObject = (part: unknown) => typeof part === "object" && part !== null;
  return isObject(metadata) && (spec === undefined || isObject(spec));
}
