import { readFile } from "node:fs/promises";
import { loadStaticConfig, type StaticConfig } from "../../sync-agent/config/static-config.ts";
import { decodeText } from "../../sync-agent/source/decode-text.ts";
import { formOf } from "./import-file.ts";

/**
 * Loads Traefik's static configuration. Of a file that has another form of its settings, that is said instead of each
 * field that today's form does not know.
 *
 * @throws ConfigError when the file cannot be read, or is neither YAML nor TOML
 */
export async function loadSettings(file: string): Promise<StaticConfig> {
  const config = await loadStaticConfig(file);
  const [first] = config.problems;
  if (first === undefined) return config;
  const form = formOf(decodeText(await readFile(file)) ?? "", file);
  if (form === undefined) return config;
  const message = `The file holds ${form}, most of which is not read here`;
  const hint = "`sluice import FILE > static.yaml` says it in today's words, which this option reads";
  const { location } = first;
  return { ...config, problems: [{ code: "unknown-field", severity: "error", path: [], message, hint, location }] };
}
