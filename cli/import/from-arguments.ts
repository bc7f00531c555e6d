import { isMap, isScalar, isSeq, type Node, YAMLMap } from "yaml";
import type { Importer } from "./importer.ts";
import { entriesOf, itemsOf, put, scalar, sequence, textOf, valueAt } from "./nodes.ts";

/** Traefik's command line: in a Kubernetes workload, in a Compose file, or as lines of text. */
export const commandLine: Importer = {
  form: "Traefik's command line",
  takes: (root) => argumentsOf(root).some((node) => isArgument(textOf(node) ?? "")),
  convert(root) {
    const made = new YAMLMap();
    for (const node of argumentsOf(root)) putArgument(made, node);
    return made;
  },
};

const isArgument = (text: string): boolean => /^--[a-z]+(\.|=|$)/i.test(text);

/** Puts `--entryPoints.web.address=:80` under its path. A flag without a value is true, a list has commas or indexes. */
export function putArgument(made: YAMLMap, node: Node): void {
  const text = textOf(node) ?? "";
  if (!isArgument(text)) return;
  const equals = text.indexOf("=");
  const names = text.slice(2, equals === -1 ? undefined : equals).split(".");
  const value = scalar(equals === -1 ? true : plainValue(text.slice(equals + 1)), node);
  const indexed = /^(.+)\[\d+\]$/.exec(names.at(-1) ?? "");
  if (indexed?.[1] === undefined) {
    // `--accesslog=true` beside `--accesslog.format=json` says nothing more.
    if (value.value === true && isMap(valueAt(made, ...names))) return;
    put(made, names, value, node);
    return;
  }
  const path = [...names.slice(0, -1), indexed[1]];
  put(made, path, sequence([...itemsOf(valueAt(made, ...path)), value], node), node);
}

const plainValue = (text: string): unknown => (text === "true" ? true : text === "false" ? false : text);

function argumentsOf(root: Node): Node[] {
  if (isScalar(root)) return linesOf(root);
  if (isSeq<Node>(root)) return root.items;
  const compose = entriesOf(valueAt(root, "services")).flatMap(({ value }) => itemsOf(valueAt(value, "command")));
  return [...compose.flatMap((node) => wordsOf(node)), ...containersOf(root)];
}

/** The arguments of every container in a workload, or in a list of objects. */
function containersOf(root: Node): Node[] {
  const objects = itemsOf(valueAt(root, "items"));
  const pods = [root, ...objects].flatMap((object) => [
    valueAt(object, "spec", "template", "spec"),
    valueAt(object, "spec"),
  ]);
  return pods
    .flatMap((pod) => itemsOf(valueAt(pod, "containers")))
    .flatMap((container) => [...itemsOf(valueAt(container, "command")), ...itemsOf(valueAt(container, "args"))]);
}

/** A command as one text is cut at its spaces. */
function wordsOf(node: Node): Node[] {
  const text = textOf(node) ?? "";
  return text.includes(" --") ? pieces(node, text, /\S+/g) : [node];
}

/** Lines as they stand in a manifest or behind a shell's backslash. */
const linesOf = (node: Node): Node[] => pieces(node, textOf(node) ?? "", /--[a-z][^\s"'\\]*/gi);

function pieces(node: Node, text: string, pattern: RegExp): Node[] {
  const start = node.range?.[0] ?? 0;
  return [...text.matchAll(pattern)].map(({ 0: piece, index }) => {
    const made = scalar(piece, node);
    made.range = [start + index, start + index + piece.length, start + index + piece.length];
    return made;
  });
}
