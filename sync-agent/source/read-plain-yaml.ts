import type { MapEntry, MapNode, ScalarNode, SeqNode, SourceNode } from "./source-node.ts";

/**
 * Reads the YAML that most manifests are written in, some twenty times faster than a whole YAML parser: block maps and
 * lists, plain and simply quoted scalars on one line, small flow collections, comments. Undefined for everything else
 * (anchors, tags, block scalars, escapes, errors), which is then for a whole parser. What is read is what a whole
 * parser reads, by the core schema of YAML 1.2.
 */
export function readPlainYaml(text: string, from: number, to: number): SourceNode | undefined {
  try {
    return new PlainYamlReader(text, from, to).read();
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
}

/** Thrown as it is: an error with a stack would cost more than the reading. */
const NOT_PLAIN = Symbol("not plain YAML");
const fail = (): never => {
  throw NOT_PLAIN;
};

const MAX_DEPTH = 64;
/** Keys are compared one by one, so that a larger map is not for here. */
const MAX_KEYS = 200;

const KEY = /[A-Za-z_][\w./-]*(?=:(?:[ \n]|$))/y;
const FLOW_SCALAR = /[\w./][\w./-]*(?= *[,}\]])/y;
const QUOTED = /"[^"\\\n]*"|'[^'\n]*'/y;
const SPACES = / */y;
/** What may follow a value on its line. */
const REST = / *(?: #[^\n]*)?(?=\n|$)/y;
/** With these a scalar is not plain, or not one line of text. */
const INDICATORS = "-?:,[]{}#&*!|>'\"%@`";
const KEYWORD = /^(?:null|true|false)$/i;
const INTEGER = /^-?(?:0|[1-9]\d{0,14})$/;
/** Whatever the core schema may take for a number, and somewhat more. */
const NUMERIC = /^[-+]?(?:\d+\.?\d*|\.\d+|\.inf|\.nan)(?:e[-+]?\d+)?$|^0[xo]/i;

class PlainYamlReader {
  private readonly text: string;
  private readonly to: number;
  /** Where the current line's content begins; its column is `indent`, which is -1 behind the last line. */
  private at = 0;
  private indent = -1;
  private lineEnd: number;
  /** The end of the last line that belongs to what was read. */
  private end = 0;
  private depth = 0;

  constructor(text: string, from: number, to: number) {
    this.text = text;
    this.to = to;
    this.lineEnd = from - 1;
  }

  read(): SourceNode | undefined {
    this.nextLine();
    if (this.indent === -1) return fail();
    const root = this.block();
    return this.indent === -1 ? root : fail();
  }

  /** Goes to the next line that is neither empty nor a comment. */
  private nextLine(): void {
    this.end = this.lineEnd;
    for (let start = this.lineEnd + 1; start < this.to; start = this.lineEnd + 1) {
      const newline = this.text.indexOf("\n", start);
      this.lineEnd = newline === -1 || newline > this.to ? this.to : newline;
      let at = start;
      while (at < this.lineEnd && this.text[at] === " ") at += 1;
      if (at === this.lineEnd || this.text[at] === "#") continue;
      this.at = at;
      this.indent = at - start;
      return;
    }
    this.indent = -1;
  }

  private block(): SourceNode {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) return fail();
    const node = this.isItem() ? this.list(this.indent) : this.map(this.indent);
    this.depth -= 1;
    return node;
  }

  private isItem(): boolean {
    return this.text[this.at] === "-" && (this.at + 1 === this.lineEnd || this.text[this.at + 1] === " ");
  }

  private map(indent: number): MapNode {
    const node: MapNode = { kind: "map", entries: [], start: this.at, end: 0 };
    while (this.indent === indent && !this.isItem()) {
      const key = this.key(this.at, node.entries);
      const at = this.skipSpaces(key.end + 1);
      node.entries.push({ key, value: this.mapValue(at, indent) });
    }
    if (this.indent > indent) return fail();
    node.end = this.end;
    return node;
  }

  private mapValue(at: number, indent: number): SourceNode {
    if (at < this.lineEnd && this.text[at] !== "#") return this.inline(at, indent);
    this.nextLine();
    if (this.indent > indent) return this.block();
    return this.indent === indent && this.isItem() ? this.list(indent) : fail();
  }

  private list(indent: number): SeqNode {
    const node: SeqNode = { kind: "seq", items: [], start: this.at, end: 0 };
    while (this.indent === indent && this.isItem()) node.items.push(this.item(indent));
    if (this.indent > indent) return fail();
    node.end = this.end;
    return node;
  }

  private item(indent: number): SourceNode {
    const at = this.skipSpaces(this.at + 1);
    if (at === this.lineEnd) {
      this.nextLine();
      return this.indent > indent ? this.block() : fail();
    }
    KEY.lastIndex = at;
    if (!KEY.test(this.text)) return this.inline(at, indent);
    this.indent += at - this.at;
    this.at = at;
    return this.block();
  }

  /** A value that ends with its line. Deeper lines below would continue it. */
  private inline(at: number, indent: number): SourceNode {
    const first = this.text[at] ?? "";
    const node =
      first === "{" || first === "["
        ? this.flow(at)
        : first === '"' || first === "'"
          ? this.quoted(at)
          : this.plain(at, first);
    REST.lastIndex = node.end;
    if (!REST.test(this.text) || REST.lastIndex > this.lineEnd) return fail();
    this.nextLine();
    return this.indent > indent ? fail() : node;
  }

  private plain(at: number, first: string): ScalarNode {
    if (INDICATORS.includes(first) && !(first === "-" && /\d/.test(this.text[at + 1] ?? ""))) return fail();
    const line = this.text.slice(at, this.lineEnd);
    const comment = line.indexOf(" #");
    const source = (comment === -1 ? line : line.slice(0, comment)).trimEnd();
    if (source.includes(": ") || source.endsWith(":")) return fail();
    return { kind: "scalar", value: resolve(source), start: at, end: at + source.length, plain: true };
  }

  private quoted(at: number): ScalarNode {
    QUOTED.lastIndex = at;
    if (!QUOTED.test(this.text)) return fail();
    const end = QUOTED.lastIndex;
    return { kind: "scalar", value: this.text.slice(at + 1, end - 1), start: at, end, plain: false };
  }

  private flow(at: number): SourceNode {
    const first = this.text[at];
    if (first === '"' || first === "'") return this.quoted(at);
    if (first === "{" || first === "[") return this.flowCollection(at, first === "{");
    FLOW_SCALAR.lastIndex = at;
    if (!FLOW_SCALAR.test(this.text)) return fail();
    const end = FLOW_SCALAR.lastIndex;
    return { kind: "scalar", value: resolve(this.text.slice(at, end)), start: at, end, plain: true };
  }

  private flowCollection(start: number, isMap: boolean): MapNode | SeqNode {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) return fail();
    const close = isMap ? "}" : "]";
    const entries: MapEntry[] = [];
    const items: SourceNode[] = [];
    let at = this.skipSpaces(start + 1);
    while (this.text[at] !== close) {
      const key = isMap ? this.key(at, entries) : undefined;
      const value = this.flow(key === undefined ? at : this.skipSpaces(key.end + 1));
      if (key === undefined) items.push(value);
      else entries.push({ key, value });
      at = this.skipSpaces(value.end);
      if (this.text[at] === close) break;
      if (this.text[at] !== ",") return fail();
      at = this.skipSpaces(at + 1);
      if (this.text[at] === close) return fail();
    }
    this.depth -= 1;
    const end = at + 1;
    return isMap ? { kind: "map", entries, start, end } : { kind: "seq", items, start, end };
  }

  private key(at: number, entries: readonly MapEntry[]): MapEntry["key"] {
    KEY.lastIndex = at;
    if (!KEY.test(this.text)) return fail();
    const end = KEY.lastIndex;
    const value = this.text.slice(at, end);
    const isOdd = value === "__proto__" || KEYWORD.test(value) || entries.length >= MAX_KEYS;
    return isOdd || entries.some(({ key }) => key.value === value) ? fail() : { value, start: at, end };
  }

  private skipSpaces(at: number): number {
    SPACES.lastIndex = at;
    SPACES.test(this.text);
    return SPACES.lastIndex;
  }
}

/** A plain scalar's value; what might be an unusual number is left to a whole parser. */
function resolve(source: string): unknown {
  if (INTEGER.test(source)) return Number(source);
  if (source === "true") return true;
  if (source === "false") return false;
  return KEYWORD.test(source) || NUMERIC.test(source) || source === "~" ? fail() : source;
}
