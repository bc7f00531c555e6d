import { isScalar, type Node, stringify, type YAMLMap } from "yaml";
import { type ParsedConfig, parseConfig, plainText } from "../../sync-agent/config/parse-config.ts";
import { type ConfigProblem, readParsedConfig } from "../../sync-agent/config/static-config.ts";
import { staticSchema } from "../../sync-agent/config/static-schema.ts";
import { commandLine } from "./from-arguments.ts";
import { chartValues } from "./from-chart-values.ts";
import { version1 } from "./from-version-1.ts";
import type { ImportNote, Note } from "./importer.ts";
import { entriesOf, inUsualCase } from "./nodes.ts";

export interface Imported {
  /** What the file is. */
  form: string;
  /** Today's static configuration, as YAML. */
  yaml: string;
  /** What has no equivalent, or no effect, with its place in the file. */
  problems: ConfigProblem[];
}

const importers = [commandLine, version1, chartValues];

/**
 * Reads settings of Traefik in whatever form they have, and says them as today's static configuration.
 *
 * @throws ConfigError for a file that cannot be read as any of them
 */
export function importFile(content: string, file: string): Imported {
  const { root, locate, resolve } = parseAnything(content, file);
  const problems: ConfigProblem[] = [];
  const note: Note = ({ severity, path, message, hint }: ImportNote, node: Node) => {
    const code = severity === "error" ? "invalid-field" : "unsupported-field";
    problems.push({ code, severity, path, message, hint, location: locate(node) });
  };
  const importer = root && importers.find(({ takes }) => takes(root));
  const converted = importer === undefined ? root : importer.convert(root as Node, note);
  const made = converted && inUsualCase(converted, staticSchema);
  const read = readParsedConfig({ root: made, locate, resolve });
  return {
    form: importer?.form ?? "Traefik's static configuration",
    yaml: made === undefined || entriesOf(made).length === 0 ? "{}\n" : stringify((made as YAMLMap).toJSON()),
    problems: [...problems, ...read.problems].sort(inOrder),
  };
}

/** What form of Traefik's settings a file has, other than today's; undefined for that one. */
export function formOf(content: string, file: string): string | undefined {
  const { root } = parseAnything(content, file);
  return root && importers.find(({ takes }) => takes(root))?.form;
}

const inOrder = (a: ConfigProblem, b: ConfigProblem): number =>
  a.location.line - b.location.line || a.location.column - b.location.column;

/** A command as it stands in a script is no YAML, or one long text of it. */
function parseAnything(content: string, file: string): ParsedConfig {
  try {
    const parsed = parseConfig(content, file);
    return isScalar(parsed.root) ? plainText(content, file) : parsed;
  } catch (error) {
    if (/^\s*(\S+ +|- *)?--[a-z]+[.=]/im.test(content)) return plainText(content, file);
    throw error;
  }
}
