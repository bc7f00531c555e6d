import type { Table } from "../../src/table/table.ts";
import type { Folder } from "../../sync-agent/source/folder-source.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import type { ObjectReader } from "../../sync-agent/source/object-store.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import type { TranslateSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator, type Translator } from "../../sync-agent/translate/translate.ts";
import type { StandIns } from "./stand-ins.ts";
import { isUdpKind } from "./udp-kinds.ts";

export interface FolderTranslation {
  table: Table;
  problems: Problem[];
  objects: ObjectReader;
}

export interface FolderTranslatorOptions {
  settings: TranslateSettings;
  standIns: StandIns;
  /** Whether names of entry points that are used and not configured are added. */
  addEntryPoints: boolean;
}

/** Each round finds what the round before made reachable; manifests need one or two. */
const MAX_ROUNDS = 8;
/** Ports that stand for entry points of which only the name is known. */
const FIRST_PORT = 8789;

/** Translates a folder so that it runs as it is: what is named but missing is made up, and a notice says so. */
export class FolderTranslator {
  readonly #options: FolderTranslatorOptions;
  #translator: Translator;
  /** The problems that Services and entry points were made up for, as notices. */
  readonly #services = new Map<string, Problem>();
  readonly #entryPoints = new Map<string, Problem>();
  settings: TranslateSettings;

  constructor(options: FolderTranslatorOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.#translator = createTranslator(options.settings);
  }

  async translate(folder: Folder): Promise<FolderTranslation> {
    const { standIns } = this.#options;
    standIns.forget();
    this.#services.clear();
    for (let round = 1; ; round++) {
      const added = await standIns.objects(folder.store);
      const objects = createObjectStore([...folder.objects, ...added]);
      const { table, problems } = this.#translator.translate(objects);
      const isNews = problems.map((problem) => this.#makeUp(problem)).includes(true);
      if (!isNews || round === MAX_ROUNDS) return { table, problems: [...problems, ...this.#notices(folder)], objects };
    }
  }

  #makeUp(problem: Problem): boolean {
    const { refersTo } = problem;
    if (refersTo === undefined) return false;
    const { namespace, name } = refersTo;
    if (this.#options.standIns.note(problem)) {
      const message = `Service \`${namespace}/${name}\` is not in the folder: two stand-in Pods answer for it`;
      this.#services.set(`${namespace}/${name}`, { ...problem, severity: "notice", message });
      return true;
    }
    if (problem.code !== "entry-point-not-found" || !this.#options.addEntryPoints) return false;
    const { entryPoints, relayEntryPoints } = this.settings;
    if (Object.hasOwn(entryPoints, name) || Object.hasOwn(relayEntryPoints, name)) return false;
    const port = Math.max(FIRST_PORT - 1, ...Object.values(relayEntryPoints).map((entryPoint) => entryPoint.port)) + 1;
    const protocol = isUdpKind(problem.object.kind) ? "udp" : "tcp";
    this.settings = {
      ...this.settings,
      relayEntryPoints: { ...relayEntryPoints, [name]: { protocol, host: "", port } },
      ...(protocol === "tcp" && { entryPoints: { ...entryPoints, [name]: { port } } }),
    };
    this.#translator = createTranslator(this.settings);
    const message = `entry point \`${name}\` is not configured: it is given a port of its own`;
    this.#entryPoints.set(name, { ...problem, severity: "notice", message });
    return true;
  }

  #notices(folder: Folder): Problem[] {
    const entryPoints = [...this.#entryPoints].filter(([name, problem]) => stillNames(problem, name, folder));
    return [...this.#services.values(), ...entryPoints.map(([, problem]) => problem)];
  }
}

/** Whether the field that a problem was found in still names what it named then. */
function stillNames({ object, path }: Problem, name: string, { objects }: Folder): boolean {
  const found = objects.find(
    ({ kind, metadata }) =>
      kind === object.kind && metadata.name === object.name && (metadata.namespace ?? "") === object.namespace,
  );
  const value = path.reduce<unknown>(
    (parent, key) => (typeof parent === "object" && parent !== null ? Reflect.get(parent, key) : undefined),
    found,
  );
  return typeof value === "string" && value.includes(name);
}
