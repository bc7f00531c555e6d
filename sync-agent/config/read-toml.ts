import { type AST, ParseError, parseTOML } from "toml-eslint-parser";
import { type Node, Scalar, YAMLMap, YAMLSeq } from "yaml";

/** The text is not TOML. */
export class TomlError extends Error {
  override name = "TomlError";
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

type Range = [start: number, end: number, end: number];
type Map = YAMLMap<Scalar<string>, Node>;

/**
 * Reads TOML 1.0 as the nodes that YAML of the same content has, with the place of each, so that whoever reads a
 * configuration reads both.
 *
 * @throws TomlError with its place, counted from 1
 */
export function readToml(content: string): YAMLMap {
  const [top] = parse(content).body;
  const root: Map = new YAMLMap();
  root.range = rangeOf(top);
  for (const entry of top.body) {
    if (entry.type === "TOMLKeyValue") setValue(root, entry);
    else fillTable(root, entry);
  }
  return root;
}

function parse(content: string): AST.TOMLProgram {
  try {
    return parseTOML(content);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new TomlError(error.message, error.lineNumber, error.column + 1);
  }
}

/** `[a.b]`, or `[[a.b]]`, which adds a table to a list. */
function fillTable(root: Map, table: AST.TOMLTable): void {
  const { keys } = table.key;
  const last = keys.length - 1;
  let map = root;
  for (const [index, key] of keys.entries()) {
    map = table.kind === "array" && index === last ? added(map, key, table) : inside(map, key);
  }
  for (const entry of table.body) setValue(map, entry);
}

function setValue(map: Map, { key, value }: AST.TOMLKeyValue): void {
  let parent = map;
  const { keys } = key;
  for (const one of keys.slice(0, -1)) parent = inside(parent, one);
  const last = keys.at(-1);
  if (last !== undefined) parent.add({ key: keyNode(last), value: toNode(value) });
}

/** The table under a key, of a list of tables the last one. */
function inside(map: Map, key: Key): Map {
  const there = map.get(nameOf(key), true);
  if (isSeq(there)) return there.items.at(-1) as Map;
  if (there !== undefined) return there as unknown as Map;
  const made: Map = new YAMLMap();
  made.range = rangeOf(key);
  map.add({ key: keyNode(key), value: made });
  return made;
}

function added(map: Map, key: Key, table: AST.TOMLTable): Map {
  const made: Map = new YAMLMap();
  made.range = rangeOf(table);
  const there = map.get(nameOf(key), true);
  if (isSeq(there)) there.items.push(made);
  else {
    const list = new YAMLSeq<Node>();
    list.range = rangeOf(table);
    list.items.push(made);
    map.add({ key: keyNode(key), value: list });
  }
  return made;
}

function toNode(content: AST.TOMLContentNode): Node {
  if (content.type === "TOMLArray") {
    const list = new YAMLSeq<Node>();
    list.range = rangeOf(content);
    list.items.push(...content.elements.map(toNode));
    return list;
  }
  if (content.type === "TOMLInlineTable") {
    const map: Map = new YAMLMap();
    map.range = rangeOf(content);
    for (const entry of content.body) setValue(map, entry);
    return map;
  }
  const value = new Scalar(content.value instanceof Date ? content.value.toISOString() : content.value);
  value.range = rangeOf(content);
  return value;
}

type Key = AST.TOMLBare | AST.TOMLQuoted;

const nameOf = (key: Key): string => (key.type === "TOMLBare" ? key.name : key.value);

function keyNode(key: Key): Scalar<string> {
  const node = new Scalar(nameOf(key));
  node.range = rangeOf(key);
  return node;
}

const rangeOf = ({ range: [start, end] }: { range: [number, number] }): Range => [start, end, end];

const isSeq = (node: unknown): node is YAMLSeq<Node> => node instanceof YAMLSeq;
