import { FEED_VERSION, type FeedDocument } from "../../src/feed/feed-document.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { changesSince, isEmpty } from "../../src/table/table-changes.ts";
import { TableDigest } from "../../src/table/table-digest.ts";
import { sha256Hex } from "../translate/names.ts";
import { fullDocument } from "./full-document.ts";

/** Steps back from which a relay can go on without a full table, and bytes that they may take together. */
const MAX_STEPS = 1_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** How one table became the next. How fresh it is, is said when a relay is told. */
interface Step {
  document: Omit<Extract<FeedDocument, { type: "changes" }>, "freshAt">;
  bytes: number;
}

/** What takes a relay to the table of this id, as pieces of text that are made when they are asked for. */
interface Way {
  id: string;
  texts: Iterable<string>;
}

/** The feed's documents: the newest table, and the last steps to it. */
export class FeedLog {
  readonly #freshAt: () => number;
  readonly #steps: Step[] = [];
  #bytes = 0;
  #version = 0;
  #current: { table: Table; pointer: Pointer | null; digest: TableDigest } | undefined;

  constructor(freshAt: () => number) {
    this.#freshAt = freshAt;
  }

  get hasTable(): boolean {
    return this.#current !== undefined;
  }

  /** Grows with each change of the table or the pointer. */
  get version(): number {
    return this.#version;
  }

  /** Of the newest table. */
  get id(): string {
    return this.#table().digest.id;
  }

  /** @returns the document that tells of it, undefined when nothing has changed */
  append(pointer: Pointer | null, table: Table): string | undefined {
    if (this.#current === undefined) {
      this.#current = { table, pointer, digest: new TableDigest(sha256Hex, table) };
      this.#version += 1;
      return undefined;
    }
    const { digest, pointer: known, table: before } = this.#current;
    const changes = changesSince(before, table);
    const isMoved = known?.generation !== pointer?.generation || known?.root !== pointer?.root;
    this.#current = { table, pointer, digest };
    if (isEmpty(changes) && !isMoved) return undefined;
    this.#version += 1;
    if (isEmpty(changes)) return this.#pointer();
    const from = digest.id;
    digest.update(changes);
    const document = { type: "changes", from, id: digest.id, pointer, changes } as const;
    const line = toLine({ ...document, freshAt: this.#freshAt() });
    this.#keep({ document, bytes: line.length });
    return line;
  }

  /**
   * What a relay is told first. Old steps are as fresh as the table that they lead to: were they to say what was known
   * when they were made, one that was made while a watch was broken would keep relays from this agent for good.
   *
   * @param id of the table that it has, null for none
   */
  since(id: string | null): Way {
    const { digest, table, pointer } = this.#table();
    const freshAt = this.#freshAt();
    if (id === digest.id) return { id, texts: [this.#pointer()] };
    const index = this.#steps.findLastIndex(({ document }) => document.from === id);
    if (index === -1) {
      const head = { type: "full", version: FEED_VERSION, id: digest.id, pointer, freshAt } as const;
      return { id: digest.id, texts: fullDocument(head, table) };
    }
    const last = this.#pointer();
    return { id: digest.id, texts: linesOf(this.#steps.slice(index), freshAt, last) };
  }

  heartbeat(): string {
    return toLine({ type: "heartbeat", freshAt: this.#freshAt() });
  }

  #pointer(): string {
    const { digest, pointer } = this.#table();
    return toLine({ type: "pointer", id: digest.id, pointer, freshAt: this.#freshAt() });
  }

  #table() {
    if (this.#current === undefined) throw new Error("there is no table yet");
    return this.#current;
  }

  #keep(step: Step): void {
    this.#steps.push(step);
    this.#bytes += step.bytes;
    while (this.#steps.length > MAX_STEPS || (this.#bytes > MAX_BYTES && this.#steps.length > 0)) {
      this.#bytes -= this.#steps.shift()?.bytes ?? 0;
    }
  }
}

function* linesOf(steps: readonly Step[], freshAt: number, last: string): Generator<string> {
  for (const { document } of steps) yield toLine({ ...document, freshAt });
  yield last;
}

const toLine = (document: FeedDocument): string => `${JSON.stringify(document)}\n`;
