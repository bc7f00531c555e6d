import { open, readFile, rename, unlink } from "node:fs/promises";
import { FEED_VERSION } from "../../src/feed/feed-document.ts";
import { type HeldTable, holdTable, stateAsWritten } from "./apply-document.ts";
import { readDocument } from "./read-document.ts";

/** The last good table on disk, so that a relay restarts without an agent. It holds private keys: mode 0600. */
export interface TableCache {
  /** @returns undefined when there is none, or none that can be used */
  read(): Promise<HeldTable | undefined>;
  /** Keeps a table; of several in a row the last. Never rejects: a relay without a cache still serves. */
  keep(held: HeldTable): void;
  /** Resolves when the last table that was kept is on disk. */
  close(): Promise<void>;
}

/** A file is written at most so often, in milliseconds. */
const PAUSE_MS = 1_000;

/** @param problem told in one line of what went wrong */
export function createTableCache(file: string, problem: (message: string) => void): TableCache {
  let wanted: HeldTable | undefined;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const write = async (): Promise<void> => {
    while (wanted !== undefined) {
      const held = wanted;
      wanted = undefined;
      await replace(file, held).catch((error: unknown) => problem(`${file} cannot be written: ${messageOf(error)}`));
    }
  };
  const start = (): void => {
    timer = undefined;
    writing = (writing ?? Promise.resolve()).then(write);
  };
  return {
    async read() {
      const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") problem(`${file} cannot be read: ${error.message}`);
        return undefined;
      });
      if (text === undefined) return undefined;
      const held = parse(text);
      if (!("reason" in held)) return held;
      problem(`${file} is set aside as ${file}.broken, and the table is awaited from an agent: ${held.reason}`);
      await rename(file, `${file}.broken`).catch(() => undefined);
      return undefined;
    },
    keep(held) {
      if (isClosed) return;
      wanted = held;
      timer ??= setTimeout(start, PAUSE_MS);
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      start();
      await writing;
    },
  };
}

function parse(text: string): HeldTable | { reason: string } {
  const read = readDocument(text);
  if ("problem" in read) return { reason: read.problem };
  const { document, unread } = read;
  if (document.type !== "full") return { reason: "it holds no table" };
  const { id, pointer, freshAt, table } = document;
  const held = holdTable({ id, pointer, freshAt, table }, unread);
  return held.digest.id === id ? held : { reason: "the table is not what its digest says" };
}

/** A reader, or a machine that loses power, finds either the file before or the one after. */
async function replace(file: string, held: HeldTable): Promise<void> {
  const text = JSON.stringify({ type: "full", version: FEED_VERSION, ...stateAsWritten(held) });
  const draft = `${file}.${process.pid}.tmp`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file).catch(async (error: unknown) => {
    await unlink(draft).catch(() => undefined);
    throw error;
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
