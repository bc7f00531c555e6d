import { isAlias, LineCounter, type Node, parseDocument } from "yaml";
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
  locate(node: Node): Location;
}

/**
 * @param file decides: TOML when its name ends so
 * @throws ConfigError when it is neither
 */
export function parseConfig(content: string, file: string): ParsedConfig {
  const lines = new LineCounter();
  const locate = (node: Node): Location => {
    const [start, end] = node.range ?? [0, 0];
    const { line, col } = lines.linePos(start);
    const text = content.split("\n", line)[line - 1]?.replace(/\r$/, "") ?? "";
    const length = Math.max(1, Math.min(end - start, text.length - col + 1));
    return { file, line, column: col, length, text };
  };
  if (/\.toml$/i.test(file)) {
    lines.addNewLine(0);
    for (let at = content.indexOf("\n"); at !== -1; at = content.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
    return { root: tomlRoot(content, file), resolve: (node) => node, locate };
  }
  const document = parseDocument(content, { lineCounter: lines });
  const [syntaxError] = document.errors;
  if (syntaxError) {
    const { line, col } = lines.linePos(syntaxError.pos[0]);
    throw new ConfigError(`${file}:${line}:${col}: ${syntaxError.message.split("\n")[0]}`);
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
