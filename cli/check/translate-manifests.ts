import type { Table } from "../../src/table/table.ts";
import type { ConfigProblem, StaticConfig } from "../../sync-agent/config/static-config.ts";
import { type Folder, readFolder } from "../../sync-agent/source/folder-source.ts";
import { nearestName } from "../../sync-agent/translate/nearest-name.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { defaultSettings, type TranslateSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { isUdpKind } from "../dev/udp-kinds.ts";
import { loadSettings } from "../import/load-settings.ts";
import { endpointsLeftToCluster } from "./endpoints-left-to-cluster.ts";

export interface ManifestOptions {
  /** The folder of manifests (or one file). */
  dir: string;
  /** Traefik's static configuration. */
  config?: string;
  /** Seals what the edge needs of Secrets. Left out where nothing is published: any key does. */
  sealKey?: Uint8Array | "missing";
}

/** Everyone knows it: what it seals is never published. */
export const UNPUBLISHED_SEAL_KEY = new Uint8Array(32);

/** A folder as it would be served in a cluster: nothing is made up for what is missing. */
export interface TranslatedManifests {
  folder: Folder;
  table: Table;
  problems: Problem[];
  configProblems: readonly ConfigProblem[];
  /** Where the entry points listen, as the configuration says. */
  listen: StaticConfig["listen"] | undefined;
  /** Services whose endpoints only a cluster knows. */
  leftToCluster: ReadonlySet<string>;
}

/** Ports that stand for entry points of which only the name is known, as in `sluice dev`. */
const FIRST_PORT = 8789;

/**
 * Reads and translates a folder. Without a configuration every entry point that is named exists, as in `sluice dev`.
 *
 * @throws ConfigError, and what reading the folder itself throws
 */
export async function translateManifests({
  dir,
  config,
  sealKey = UNPUBLISHED_SEAL_KEY,
}: ManifestOptions): Promise<TranslatedManifests> {
  const configured = config === undefined ? undefined : await loadSettings(config);
  const folder = await readFolder(dir);
  let settings = configured?.settings ?? defaultSettings();
  if (sealKey !== "missing") settings.sealKey = sealKey;
  const notices: Problem[] = [];
  let translation = createTranslator(settings).translate(folder.store);
  if (configured === undefined) {
    const missing = translation.problems.filter(
      ({ code, refersTo }) => code === "entry-point-not-found" && refersTo !== undefined,
    );
    notices.push(...noticesOf(missing, settings));
    settings = withEntryPoints(settings, notices);
    if (notices.length > 0) translation = createTranslator(settings).translate(folder.store);
  }
  const leftToCluster = endpointsLeftToCluster(folder.store);
  const isForeseeable = ({ code, refersTo }: Problem): boolean =>
    code === "service-no-endpoints" && leftToCluster.has(`${refersTo?.namespace}/${refersTo?.name}`);
  return {
    folder,
    table: translation.table,
    problems: [...translation.problems.filter((problem) => !isForeseeable(problem)), ...notices],
    configProblems: configured?.problems ?? [],
    listen: configured?.listen,
    leftToCluster,
  };
}

/** One for each name: where it is used first, and what else may have been meant. */
function noticesOf(missing: readonly Problem[], { relayEntryPoints }: TranslateSettings): Problem[] {
  const notices = new Map<string, Problem>();
  for (const problem of missing) {
    const { name = "" } = problem.refersTo ?? {};
    if (notices.has(name)) continue;
    const meant = nearestName(name, Object.keys(relayEntryPoints));
    const hint = meant === undefined ? "With --config FILE such names are checked" : `Did you mean \`${meant}\`?`;
    const message = `The entry point \`${name}\` is taken to exist`;
    notices.set(name, { ...problem, severity: "notice", message, hint });
  }
  return [...notices.values()];
}

function withEntryPoints(settings: TranslateSettings, notices: readonly Problem[]): TranslateSettings {
  const entryPoints = { ...settings.entryPoints };
  const relayEntryPoints = { ...settings.relayEntryPoints };
  for (const [index, { refersTo, object }] of notices.entries()) {
    const { name = "" } = refersTo ?? {};
    const port = FIRST_PORT + index;
    const isUdp = isUdpKind(object.kind);
    relayEntryPoints[name] = { protocol: isUdp ? "udp" : "tcp", host: "", port };
    if (!isUdp) entryPoints[name] = { port };
  }
  return { ...settings, entryPoints, relayEntryPoints };
}
