import { resolve } from "node:path";
import type { Location } from "../../sync-agent/source/locate.ts";
import type { LocatedProblem } from "../../sync-agent/source/parse-manifests.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { locateProblem } from "../print/locate-problem.ts";
import { nameFile, toPrintable } from "../print/printable-problem.ts";
import type { FoundProblem } from "./found-problem.ts";
import { onceForEachService } from "./once-for-each-service.ts";
import { type ManifestOptions, translateManifests } from "./translate-manifests.ts";
import { unreachableProblems } from "./unreachable-problems.ts";

export interface CheckResult {
  /** By file and line; those without a place come last. */
  problems: FoundProblem[];
  files: number;
  /** Of kinds that Sluice reads. */
  objects: number;
  routers: number;
  tcpRouters: number;
  udpRouters: number;
}

/**
 * Finds all that is wrong with a folder of manifests and its configuration.
 *
 * @param cwd what file names are relative to
 * @throws ConfigError, and what reading the folder itself throws
 */
export async function checkFolder(options: ManifestOptions & { cwd: string }): Promise<CheckResult> {
  const { config, sealKey, cwd } = options;
  const dir = resolve(cwd, options.dir);
  const { folder, table, problems, configProblems } = await translateManifests({
    dir,
    ...(config !== undefined && { config: resolve(cwd, config) }),
    ...(sealKey !== undefined && { sealKey }),
  });
  const find = (problem: Problem, location: Location | undefined): FoundProblem => {
    const { object, path, refersTo } = problem;
    const field = fieldOf(path);
    return { ...toPrintable(problem, location, dir, cwd), object, field, ...(refersTo && { refersTo }) };
  };
  /** A configuration that lies among the manifests is not an object, and need not be one. */
  const isConfig = ({ code, location }: LocatedProblem): boolean =>
    code === "not-an-object" && config !== undefined && resolve(dir, location.file) === resolve(cwd, config);
  const found = [
    ...configProblems.map((problem) => {
      const object = { apiVersion: "", kind: "File", namespace: "", name: config ?? "" };
      const { location } = problem;
      return { ...find({ ...problem, object }, undefined), location: { ...location, file: config ?? location.file } };
    }),
    ...folder.problems.filter((problem) => !isConfig(problem)).map((problem) => find(problem, problem.location)),
    ...[...problems, ...unreachableProblems(table, folder, (file) => nameFile(dir, file, cwd))].map((problem) =>
      find(problem, locateProblem(problem, folder)),
    ),
  ];
  return {
    problems: onceForEachService(sortProblems(found)),
    files: folder.files.length,
    objects: folder.objects.length,
    routers: table.routers.length,
    tcpRouters: table.tcpRouters.length,
    udpRouters: table.udpRouters.length,
  };
}

/** `["spec", "routes", 0]` as `spec.routes[0]`; keys that are no plain words in quotes. */
const fieldOf = (path: readonly (string | number)[]): string =>
  path
    .map((part) => {
      if (typeof part === "number") return `[${part}]`;
      return /^[\w-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
    })
    .join("")
    .replace(/^\./, "");

/** One object's problem may show in each object that refers to it: what would read the same is said once. */
function sortProblems(problems: readonly FoundProblem[]): FoundProblem[] {
  const distinct = new Map(
    problems.map((problem) => {
      const { code, message, field, object, location } = problem;
      const place = location === undefined ? [object, field] : [location.file, location.line, location.column];
      return [JSON.stringify([code, message, place]), problem];
    }),
  );
  return [...distinct.values()].sort(
    (a, b) =>
      compare(a.location?.file ?? LAST, b.location?.file ?? LAST) ||
      compare(a.location?.line ?? 0, b.location?.line ?? 0) ||
      compare(a.location?.column ?? 0, b.location?.column ?? 0) ||
      compare(a.code, b.code),
  );
}

/** Behind every file name. */
const LAST = "\u{10ffff}";

const compare = <T extends string | number>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
