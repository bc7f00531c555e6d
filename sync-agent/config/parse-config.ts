import { isAlias, LineCounter, type Node, parseDocument, Scalar } from "yaml";
import type { Location } from "../source/locate.ts";
import { readToml, TomlError } from "./read-toml.ts";

/** The configuration cannot be used at all. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** A configuration file as nodes, whether it is YAML or TOML. */
export interface ParsedConfig {
  /** Undefined for an empty file. */
  root: Node | undefined;
  /** The node that an alias stands for. */
  resolve(node: Node): Node | undefined;
  locate(node: Ranged): Location;
}

/** What stands somewhere in a file: a node, or an error. */
interface Ranged {
  range?: readonly [start: number, end: number, ...unknown[]] | null | undefined;
}

/** The text of a file that is neither, as one node. */
export function plainText(content: string, file: string): ParsedConfig {
  const root = new Scalar(content);
  root.range = [0, content.length, content.length];
  return { root, resolve: (node) => node, locate: locator(content, file) };
}

function locator(content: string, file: string): ParsedConfig["locate"] {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = content.indexOf("\n"); at !== -1; at = content.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
  return ({ range }) => {
    const [start, end] = range ?? [0, 0];
    const { line, col } = lines.linePos(start);
    const text = content.split("\n", line)[line - 1]?.replace(/\r$/, "") ?? "";
    const length = Math.max(1, Math.min(end - start, text.length - col + 1));
    return { file, line, column: col, length, text };
  };
}

/**
 * @param file decides: TOML when its name ends so
 * @throws ConfigError when it is neither
 */
export function parseConfig(content: string, file: string): ParsedConfig {
  const locate = locator(content, file);
  if (/\.toml$/i.test(file)) return { root: tomlRoot(content, file), resolve: (node) => node, locate };
  const document = parseDocument(content, { prettyErrors: false });
  const [syntaxError] = document.errors;
  if (syntaxError) {
    const { line, column } = locate({ range: syntaxError.pos });
    throw new ConfigError(`${file}:${line}:${column}: ${syntaxError.message}`);
  }
  return {
    root: document.contents ?? undefined,
    resolve: (node) => (isAlias(node) ? node.resolve(document) : node),
    locate,
  };
}

function tomlRoot(content: string, file: string): Node {
  try {
    return readToml(content);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new ConfigError(`${file}:${error.line}:${error.column}: ${error.message}`);
  }
}
