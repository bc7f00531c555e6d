import type { FeedDocument } from "../../src/feed/feed-document.ts";
import type { Table } from "../../src/table/table.ts";
import { tableParts } from "../../src/table/table-changes.ts";

/** Letters that are put together before they are handed out. */
const PIECE = 64 * 1024;

/**
 * The line of a `full` document, in pieces that are made as they are asked for: of a large table there is never the
 * whole text, however many relays read it and however slowly.
 */
export function* fullDocument(
  head: Omit<Extract<FeedDocument, { type: "full" }>, "table">,
  table: Table,
): Generator<string> {
  let piece = `${JSON.stringify(head).slice(0, -1)},"table":{`;
  for (const [index, part] of tableParts.entries()) {
    piece += `${index === 0 ? "" : ","}${JSON.stringify(part)}:`;
    for (const text of partEntries(table[part])) {
      piece += text;
      if (piece.length < PIECE) continue;
      yield piece;
      piece = "";
    }
  }
  yield `${piece}}}\n`;
}

function* partEntries(part: Table[keyof Table]): Generator<string> {
  const isList = Array.isArray(part);
  let separator = "";
  yield isList ? "[" : "{";
  for (const [name, entry] of Object.entries(part)) {
    yield `${separator}${isList ? "" : `${JSON.stringify(name)}:`}${JSON.stringify(entry)}`;
    separator = ",";
  }
  yield isList ? "]" : "}";
}
