import type { ServerResponse } from "node:http";
import type { FeedLog } from "./feed-log.ts";

export interface RelayStreamOptions {
  log: FeedLog;
  response: ServerResponse;
  /** The table that the relay has, null for none. */
  since: string | null;
  /** A relay that takes nothing for so long is cut off. */
  stallMs: number;
  onStall: () => void;
}

/** Bytes that a socket is handed at once: a relay that does not take so many in time has stalled. */
const SLICE_BYTES = 64 * 1024;

/**
 * A relay that reads the feed, at its own pace. Nothing piles up for it: while it is behind it is told nothing new, and
 * when it has taken what was written, it is told how what it has then became the newest table.
 */
export class RelayStream {
  readonly #options: RelayStreamOptions;
  /** What it has when it has read all that was written: the log's id, and the log's version at that time. */
  #id: string | null;
  #version = -1;
  #isLevel = false;

  constructor(options: RelayStreamOptions) {
    this.#options = options;
    this.#id = options.since;
    void this.#catchUp();
  }

  /** Sends a line that the log has just made; one that is behind will learn of it in its turn. */
  tell(line: string): void {
    const { log, response } = this.#options;
    if (!this.#isLevel) return;
    if (line.length > SLICE_BYTES) return void this.#catchUp();
    this.#version = log.version;
    this.#id = log.id;
    if (!response.write(line)) void this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    const { log, response, onStall } = this.#options;
    this.#isLevel = false;
    try {
      if (response.writableNeedDrain) await this.#drained();
      while (this.#version !== log.version) {
        this.#version = log.version;
        const { id, texts } = log.since(this.#id);
        for (const text of texts) {
          for (const slice of slicesOf(text)) if (!response.write(slice)) await this.#drained();
        }
        this.#id = id;
      }
      this.#isLevel = true;
    } catch (error) {
      if (error instanceof Stalled) onStall();
      response.destroy();
    }
  }

  /** @throws when the connection ends before, and Stalled */
  #drained(): Promise<void> {
    const { response, stallMs } = this.#options;
    return new Promise((resolve, reject) => {
      const end = (finish: () => void): void => {
        clearTimeout(timer);
        response.off("drain", onDrain).off("close", onClose);
        finish();
      };
      const onDrain = (): void => end(resolve);
      const onClose = (): void => end(() => reject(new Error("the relay has gone")));
      const timer = setTimeout(() => end(() => reject(new Stalled())), stallMs);
      response.on("drain", onDrain).on("close", onClose);
      if (response.destroyed || response.writableEnded) onClose();
    });
  }
}

class Stalled extends Error {}

function* slicesOf(text: string): Generator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) yield bytes.subarray(from, from + SLICE_BYTES);
}
