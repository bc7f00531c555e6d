import { isMap, isScalar, isSeq, type Node, type Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { type Field, formOf } from "../../sync-agent/config/read-yaml.ts";

/** An entry of a map, with its key's node. */
export interface Entry {
  key: string;
  keyNode: Node;
  value: Node;
}

export function entriesOf(node: Node | undefined): Entry[] {
  if (!isMap(node)) return [];
  return (node.items as Pair<Node, Node | null>[]).flatMap(({ key, value }) =>
    isScalar(key) ? [{ key: String(key.value), keyNode: key, value: value ?? scalar(null, key) }] : [],
  );
}

/** The value under a key, in whatever case: Traefik compares the names of its configuration without it. */
export function valueAt(node: Node | undefined, ...path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>(
    (at, name) => entriesOf(at).find(({ key }) => key.toLowerCase() === name.toLowerCase())?.value,
    node,
  );
}

export const itemsOf = (node: Node | undefined): Node[] => (isSeq<Node>(node) ? node.items : node ? [node] : []);

/** The text of a scalar; undefined for anything else. */
export const textOf = (node: Node | undefined): string | undefined =>
  isScalar(node) && node.value !== null ? String(node.value) : undefined;

/** A value that stands for the place of `source`. */
export function scalar(value: unknown, source: Node): Scalar {
  const made = new Scalar(value);
  if (source.range) made.range = source.range;
  return made;
}

/** Puts a value under a path, whose maps are made where they lack, at the place of `keyNode`. */
export function put(root: YAMLMap, path: readonly string[], value: Node, keyNode: Node = value): void {
  let map = root;
  for (const [index, name] of path.entries()) {
    const there = entriesOf(map).find(({ key }) => key.toLowerCase() === name.toLowerCase());
    if (index === path.length - 1) {
      if (there !== undefined) map.delete(there.key);
      map.add({ key: scalar(name, keyNode), value });
    } else if (isMap(there?.value)) map = there.value as YAMLMap;
    else {
      if (there !== undefined) map.delete(there.key);
      const made = new YAMLMap();
      if (keyNode.range) made.range = keyNode.range;
      map.add({ key: scalar(name, keyNode), value: made });
      map = made;
    }
  }
}

export function sequence(items: readonly Node[], source: Node): YAMLSeq {
  const made = new YAMLSeq();
  made.items.push(...items);
  if (source.range) made.range = source.range;
  return made;
}

/** The same map with its keys in the case in which `fields` has them, so that the file reads as the documentation does. */
export function inUsualCase(node: Node, field: Field<unknown>): Node {
  const form = formOf(field);
  if (!isMap(node) || form === undefined) return node;
  const made = new YAMLMap();
  if (node.range) made.range = node.range;
  const names = "fields" in form ? Object.keys(form.fields) : [];
  for (const { key, keyNode, value } of entriesOf(node)) {
    const name = names.find((one) => one.toLowerCase() === key.toLowerCase()) ?? key;
    const inner = "fields" in form ? form.fields[name] : "entries" in form ? form.entries : undefined;
    made.add({ key: scalar(name, keyNode), value: inner === undefined ? value : inUsualCase(value, inner) });
  }
  return made;
}
