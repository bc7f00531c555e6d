import { randomUUID } from "node:crypto";
import type { ApiObject, Json } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";
import type { ObjectStorage } from "./object-storage.ts";
import { apiVersionOf, type ResourceKind } from "./resource-kinds.ts";
import { readSelectors } from "./select-objects.ts";

interface Snapshot {
  resourceVersion: number;
  objects: readonly ApiObject[];
}

/** Answers lists: whole, or in pages that all show the moment of the first. */
export class ListServer {
  private readonly storage: ObjectStorage;
  /** What later pages are read from, by continue token; a compaction ends them. */
  private readonly snapshots = new Map<string, Snapshot>();

  constructor(storage: ObjectStorage) {
    this.storage = storage;
  }

  /** @throws ApiStatus 400, 410 for a continue token or version that is forgotten, 504 for one of the future */
  list(kind: ResourceKind, version: string, namespace: string, query: URLSearchParams): Json {
    const limit = Number(query.get("limit") ?? 0);
    const token = query.get("continue") ?? "";
    const { resourceVersion, objects } =
      token === "" ? this.snapshot(kind, namespace, query) : this.continued(token, query);
    const isPage = limit > 0 && objects.length > limit;
    const metadata: Json = { resourceVersion: String(resourceVersion) };
    if (isPage) {
      metadata.continue = this.keep({ resourceVersion, objects: objects.slice(limit) });
      if (readSelectors(query) === undefined) metadata.remainingItemCount = objects.length - limit;
    }
    const items = (isPage ? objects.slice(0, limit) : objects).map((object) => listItem(kind, version, object));
    return { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind, version), metadata, items };
  }

  forget(): void {
    this.snapshots.clear();
  }

  private snapshot(kind: ResourceKind, namespace: string, query: URLSearchParams): Snapshot {
    const wanted = readVersion(query);
    const current = this.storage.resourceVersion;
    if (wanted > current) throw tooLarge(wanted, current);
    if (wanted > 0 && query.get("resourceVersionMatch") === "Exact") {
      const isCurrent = wanted >= this.storage.compactedTo && this.storage.changesSince(kind, wanted).length === 0;
      if (!isCurrent) throw apiStatus(410, `The resourceVersion ${wanted} is too old to be listed`);
    }
    const select = readSelectors(query);
    const all = this.storage.list(kind, namespace);
    return { resourceVersion: current, objects: select === undefined ? all : all.filter(select) };
  }

  private continued(token: string, query: URLSearchParams): Snapshot {
    if (!["", "0"].includes(query.get("resourceVersion") ?? "")) {
      throw apiStatus(400, "specifying resource version is not allowed when using continue");
    }
    const snapshot = this.snapshots.get(token);
    if (snapshot === undefined) {
      throw apiStatus(410, "The provided continue parameter is too old to display a consistent list result.");
    }
    return snapshot;
  }

  private keep(snapshot: Snapshot): string {
    const token = Buffer.from(randomUUID()).toString("base64url");
    this.snapshots.set(token, snapshot);
    return token;
  }
}

/** The version that a query asks for; 0 is any. @throws ApiStatus 400 */
export function readVersion(query: URLSearchParams): number {
  const text = query.get("resourceVersion") ?? "";
  if (!/^\d{0,15}$/.test(text)) throw apiStatus(400, `invalid resource version ${JSON.stringify(text)}`);
  return Number(text);
}

/** The object in one of its kind's versions. */
export function inVersion(kind: ResourceKind, version: string, object: ApiObject): ApiObject {
  const apiVersion = apiVersionOf(kind, version);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** Typed lists of built-in kinds leave out what the list says already. */
function listItem(kind: ResourceKind, version: string, object: ApiObject): Json {
  if (kind.custom) return inVersion(kind, version, object);
  const { apiVersion: _, kind: __, ...item } = object;
  return item;
}

const tooLarge = (wanted: number, current: number) =>
  apiStatus(504, `Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
