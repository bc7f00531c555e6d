import type { ServerResponse } from "node:http";
import type { ApiObject } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";
import type { Change, ObjectStorage } from "./object-storage.ts";
import { apiVersionOf, type ResourceKind } from "./resource-kinds.ts";
import { readSelectors, type Selector } from "./select-objects.ts";
import { inVersion, readVersion } from "./serve-list.ts";

export interface WatchOptions {
  kind: ResourceKind;
  version: string;
  namespace: string;
  name: string;
  query: URLSearchParams;
  /** Milliseconds between bookmarks, for who allows them. */
  bookmarkMs: number;
  /** Bytes of a written piece, so that documents and characters are split; 0 for whole ones. */
  pieceBytes: () => number;
  /** What is sent instead of an event. */
  distort: (event: WatchEvent) => WatchEvent;
}

export interface WatchEvent {
  type: string;
  object: unknown;
}

/** Without `timeoutSeconds` a server ends a watch after 30 to 60 minutes. */
const LONGEST_MS = 1_800_000;

/** One open watch: from the version asked for until its time is over, the client leaves or a test ends it. */
export class WatchStream {
  readonly options: WatchOptions;
  readonly ended: Promise<void>;
  private readonly storage: ObjectStorage;
  private readonly response: ServerResponse;
  private readonly select: Selector;
  private readonly allowsBookmarks: boolean;
  private readonly stops: (() => void)[] = [];
  private isMuted = false;

  /** @throws ApiStatus 400 for a query that no server reads */
  constructor(storage: ObjectStorage, response: ServerResponse, options: WatchOptions) {
    this.storage = storage;
    this.response = response;
    this.options = options;
    const { namespace, name, query } = options;
    const selected = readSelectors(query);
    this.select = (object) =>
      (namespace === "" || object.metadata.namespace === namespace) &&
      (name === "" || object.metadata.name === name) &&
      (selected === undefined || selected(object));
    this.allowsBookmarks = query.get("allowWatchBookmarks") === "true";
    const from = readVersion(query);
    this.ended = new Promise((resolve) => response.once("close", () => resolve(this.stop())));
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    this.start(from);
  }

  /** Ends as a server ends a watch whose time is over. */
  end(): void {
    this.stop();
    this.response.end();
  }

  /** Cuts the connection: the client gets an RST. */
  cut(): void {
    this.stop();
    this.response.socket?.resetAndDestroy();
  }

  /** Says nothing any more, and stays open. */
  mute(): void {
    this.isMuted = true;
  }

  bookmark(annotations?: Record<string, string>): void {
    if (!this.allowsBookmarks) return;
    const { kind, version } = this.options;
    const metadata = { resourceVersion: String(this.storage.resourceVersion), ...(annotations && { annotations }) };
    this.send({ type: "BOOKMARK", object: { kind: kind.kind, apiVersion: apiVersionOf(kind, version), metadata } });
  }

  send(event: WatchEvent): void {
    this.write(JSON.stringify(this.options.distort(event)));
  }

  /** A line as it is, whatever it says. */
  write(line: string): void {
    if (this.isMuted || this.response.writableEnded) return;
    const bytes = Buffer.from(`${line}\n`);
    const size = this.options.pieceBytes() || bytes.length;
    for (let at = 0; at < bytes.length; at += size) this.response.write(bytes.subarray(at, at + size));
  }

  private start(from: number): void {
    const { kind, query, bookmarkMs } = this.options;
    const wantsState = from === 0 || query.get("sendInitialEvents") === "true";
    if (!wantsState && from < this.storage.compactedTo) {
      const status = apiStatus(410, `too old resource version: ${from} (${this.storage.compactedTo})`);
      this.send({ type: "ERROR", object: status.toJson() });
      this.end();
      return;
    }
    if (wantsState) {
      for (const object of this.storage.list(kind).filter(this.select)) this.sendObject("ADDED", object);
      if (query.get("sendInitialEvents") === "true") this.bookmark({ "k8s.io/initial-events-end": "true" });
    } else {
      for (const change of this.storage.changesSince(kind, from)) this.tell(change);
    }
    this.stops.push(
      this.storage.listen(kind, (change) => {
        if (change.resourceVersion > from) this.tell(change);
      }),
    );
    const seconds = Number(query.get("timeoutSeconds") ?? 0);
    const timer = setTimeout(() => this.expire(), seconds > 0 ? seconds * 1000 : LONGEST_MS);
    const bookmarks = setInterval(() => this.bookmark(), bookmarkMs);
    this.stops.push(
      () => clearTimeout(timer),
      () => clearInterval(bookmarks),
    );
  }

  private expire(): void {
    this.bookmark();
    if (!this.isMuted) this.end();
  }

  private stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  /** An object that comes into the selection was added to it, and one that leaves was deleted from it. */
  private tell({ type, object, previous, resourceVersion }: Change): void {
    const isIn = type !== "DELETED" && this.select(object);
    const wasIn = previous !== undefined && this.select(previous);
    if (isIn) this.sendObject(wasIn ? "MODIFIED" : "ADDED", object);
    else if (wasIn) {
      const last = type === "DELETED" ? object : previous;
      const metadata = { ...last.metadata, resourceVersion: String(resourceVersion) };
      this.sendObject("DELETED", { ...last, metadata });
    }
  }

  private sendObject(type: Change["type"], object: ApiObject): void {
    const { kind, version } = this.options;
    this.send({ type, object: inVersion(kind, version, object) });
  }
}
