import { type Document, isMap, isScalar, isSeq, type LineCounter, type Node, Scalar } from "yaml";

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
  lines: LineCounter;
  document: Document;
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
  let node: Node | null = place.document.contents;
  let key: Node | null = null;
  for (const part of [...place.prefix, ...path]) {
    const found = step(node, part);
    if (found === undefined) break;
    key = found.key ?? found.value;
    node = found.value;
  }
  const target = isScalar(node) && !(options.key && key !== null) ? node : (key ?? node);
  const [start, end] = target?.range ?? [0, 0];
  if (target === node && isScalar(node) && options.span !== undefined) {
    const inside = offsetInside(place.text, node, start, options.span);
    if (inside !== undefined) return at(place, inside, options.span.length);
  }
  return at(place, start, end - start);
}

function step(node: Node | null, part: string | number): { key: Node | null; value: Node | null } | undefined {
  if (isSeq<Node>(node)) {
    const value = node.items[Number(part)];
    return value === undefined ? undefined : { key: null, value };
  }
  if (!isMap<Node, Node | null>(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
  return pair && { key: pair.key, value: pair.value };
}

/** Where a part of a string begins in the file, when the string stands there as it is. */
function offsetInside(text: string, node: Scalar, start: number, span: { offset: number; length: number }) {
  if (typeof node.value !== "string") return undefined;
  const begin = node.type === Scalar.PLAIN ? start : start + 1;
  const isLiteral = text.startsWith(node.value, begin);
  return isLiteral ? begin + span.offset : undefined;
}

function at(place: Place, offset: number, length: number): Location {
  const { line, col } = place.lines.linePos(offset);
  const from = place.text.lastIndexOf("\n", offset - 1) + 1;
  const newline = place.text.indexOf("\n", offset);
  const text = place.text.slice(from, newline === -1 ? undefined : newline).replace(/\r$/, "");
  const column = Math.max(1, col);
  const rest = Math.max(1, text.length - column + 1);
  return { file: place.file, line: Math.max(1, line), column, length: Math.max(1, Math.min(length, rest)), text };
}
