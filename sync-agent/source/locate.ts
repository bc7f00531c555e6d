import type { ScalarNode, SourceNode } from "./source-node.ts";

/** A place in a file; lines and columns count from 1, columns and lengths in UTF-16 units. */
export interface Location {
  file: string;
  line: number;
  column: number;
  /** How far what is meant reaches within its line. */
  length?: number;
  /** The line itself. */
  text?: string;
}

/** Where an object was read from. */
export interface Place {
  file: string;
  text: string;
  /** Where each line begins. */
  lineStarts: readonly number[];
  /** The document; undefined when it is empty. */
  root: () => SourceNode | undefined;
  /** The object's path in its document: an item of a List. */
  prefix: readonly (string | number)[];
}

export interface LocateOptions {
  /** The part of the string that is meant. */
  span?: { offset: number; length: number };
  /** Point at the field's name, not at its value. */
  key?: boolean;
}

/** Finds a path in the file that the object came from: its value, or the nearest thing around it that exists. */
export function locateNode(place: Place, path: readonly (string | number)[], options: LocateOptions = {}): Location {
  let node = place.root();
  let key: Span | undefined;
  for (const part of [...place.prefix, ...path]) {
    const found = node && step(node, part);
    if (found === undefined) break;
    key = found.key ?? found.value;
    node = found.value;
  }
  const target = node?.kind === "scalar" && !(options.key && key !== undefined) ? node : (key ?? node);
  const { start, end } = target ?? { start: 0, end: 0 };
  if (target === node && node?.kind === "scalar" && options.span !== undefined) {
    const inside = offsetInside(place.text, node, options.span);
    if (inside !== undefined) return at(place, inside, options.span.length);
  }
  return at(place, start, end - start);
}

interface Span {
  start: number;
  end: number;
}

function step(node: SourceNode, part: string | number): { key?: Span; value: SourceNode | undefined } | undefined {
  if (node.kind === "seq") {
    const value = node.items[Number(part)];
    return value && { value };
  }
  if (node.kind === "scalar") return undefined;
  return node.entries.find(({ key }) => key.value === String(part));
}

/** Where a part of a string begins in the file, when the string stands there as it is. */
function offsetInside(text: string, { value, plain, start }: ScalarNode, span: { offset: number; length: number }) {
  if (typeof value !== "string") return undefined;
  const begin = plain ? start : start + 1;
  return text.startsWith(value, begin) ? begin + span.offset : undefined;
}

function at(place: Place, offset: number, length: number): Location {
  const line = lineOf(place.lineStarts, offset);
  const from = place.lineStarts[line - 1] ?? 0;
  const newline = place.text.indexOf("\n", offset);
  const text = place.text.slice(from, newline === -1 ? undefined : newline).replace(/\r$/, "");
  const column = offset - from + 1;
  const rest = Math.max(1, text.length - column + 1);
  return { file: place.file, line, column, length: Math.max(1, Math.min(length, rest)), text };
}

/** The offsets at which lines begin; the first is 0. */
export function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The line that holds an offset, from 1. */
export function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return Math.max(1, low);
}
