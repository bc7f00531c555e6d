import { isMap, isScalar, isSeq, type Node, Scalar } from "yaml";

/** A value of a manifest with its place: offsets in the file's text, in UTF-16 units. */
export type SourceNode = ScalarNode | MapNode | SeqNode;

export interface ScalarNode {
  kind: "scalar";
  value: unknown;
  start: number;
  end: number;
  /** Written without quotes. */
  plain: boolean;
}

export interface MapNode {
  kind: "map";
  entries: MapEntry[];
  start: number;
  end: number;
}

export interface MapEntry {
  key: { value: string; start: number; end: number };
  value: SourceNode | undefined;
}

export interface SeqNode {
  kind: "seq";
  items: SourceNode[];
  start: number;
  end: number;
}

/** The same tree from the `yaml` package's; `base` is where its text begins in the file. Aliases are scalars without a value. */
export function fromYaml(node: Node, base: number): SourceNode {
  const [start, end] = node.range ?? [0, 0];
  const range = { start: base + start, end: base + end };
  if (isSeq<Node>(node)) return { kind: "seq", items: node.items.map((item) => fromYaml(item, base)), ...range };
  if (isMap<Node, Node | null>(node)) {
    const entries = node.items.flatMap(({ key, value }): MapEntry[] => {
      if (!isScalar(key)) return [];
      const [from, to] = key.range ?? [0, 0];
      const name = { value: String(key.value), start: base + from, end: base + to };
      return [{ key: name, value: value === null ? undefined : fromYaml(value, base) }];
    });
    return { kind: "map", entries, ...range };
  }
  const isPlain = isScalar(node) && node.type === Scalar.PLAIN;
  return { kind: "scalar", value: isScalar(node) ? node.value : undefined, plain: isPlain, ...range };
}

/** What the tree says, as JSON would hold it. */
export function toValue(node: SourceNode): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "seq":
      return node.items.map(toValue);
    case "map": {
      const value: Record<string, unknown> = {};
      for (const entry of node.entries) value[entry.key.value] = entry.value && toValue(entry.value);
      return value;
    }
  }
}
