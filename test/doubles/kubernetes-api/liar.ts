import { isJson } from "./api-object.ts";
import type { WatchEvent } from "./watch-stream.ts";

/** What an event says of its object's resourceVersion: one long past, none, or no number. */
export interface Lie {
  resourceVersion: "older" | "missing" | "garbage";
  /** Of this kind only. */
  kind?: string;
  /** Events that lie. Default: all. */
  times?: number;
}

const said: Readonly<Record<Lie["resourceVersion"], string | undefined>> = {
  older: "7",
  missing: undefined,
  garbage: "not-a-version",
};

export class Liar {
  private lies: { lie: Lie; left: number }[] = [];

  lie(lie: Lie): void {
    this.lies.push({ lie, left: lie.times ?? Number.POSITIVE_INFINITY });
  }

  stop(): void {
    this.lies = [];
  }

  readonly distort = (event: WatchEvent): WatchEvent => {
    const { object, type } = event;
    if (!isJson(object) || !isJson(object.metadata) || type === "ERROR") return event;
    const found = this.lies.find(({ lie, left }) => left > 0 && (lie.kind === undefined || lie.kind === object.kind));
    if (found === undefined) return event;
    found.left -= 1;
    const { resourceVersion: _, ...metadata } = object.metadata;
    const version = said[found.lie.resourceVersion];
    if (version !== undefined) metadata.resourceVersion = version;
    return { type, object: { ...object, metadata } };
  };
}
