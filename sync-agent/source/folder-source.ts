import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { decodeText } from "./decode-text.ts";
import type { KubernetesObject, ObjectRef } from "./kubernetes-object.ts";
import { type LocateOptions, type Location, locateNode, type Place } from "./locate.ts";
import { createObjectStore, type ObjectStore } from "./memory-store.ts";
import { fileRef, type LocatedProblem, type ParsedFile, parseManifests } from "./parse-manifests.ts";

/** The objects of a folder of manifests, as they are at one moment. */
export interface Folder {
  store: ObjectStore;
  objects: readonly KubernetesObject[];
  problems: readonly LocatedProblem[];
  /** The files that were read, relative to the folder, with `/`. */
  files: readonly string[];
  /** The file and line of a path in an object, or undefined for objects that did not come from the folder. */
  locate(object: ObjectRef, path: readonly (string | number)[], options?: LocateOptions): Location | undefined;
}

/** Files already parsed. Hand the same one to the next reading: what has not changed is not parsed again. */
export type FolderCache = Map<string, { fingerprint: string; parsed: ParsedFile }>;

export interface FolderOptions {
  cache?: FolderCache;
  /** A file in which a document cannot be read keeps the objects that it had in the last reading. */
  keepLastGood?: boolean;
}

/** More than any cluster's manifests; a larger file is an accident. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/**
 * Reads a folder with its sub-folders (or one file): `*.yaml`, `*.yml`, `*.json`; names that begin with a dot and
 * `node_modules` are passed over. Rejects when the folder itself cannot be read; all else is in `problems`.
 */
export async function readFolder(dir: string, options: FolderOptions = {}): Promise<Folder> {
  const { cache = new Map(), keepLastGood = false } = options;
  const { files, refused } = await listFiles(dir);
  const parsed: ParsedFile[] = refused.map((folder) =>
    unreadable(folder, "The folder cannot be read: permission is denied"),
  );
  for (const file of files) parsed.push(await readOne(file, cache, keepLastGood));
  const present = new Set(files.map(({ path }) => path));
  for (const path of cache.keys()) if (!present.has(path)) cache.delete(path);
  return assemble(
    files.map(({ name }) => name),
    parsed,
  );
}

interface FoundFile {
  path: string;
  name: string;
}

interface Listing {
  files: FoundFile[];
  /** Folders below it that must not be read. */
  refused: FoundFile[];
}

async function listFiles(dir: string): Promise<Listing> {
  if ((await stat(dir)).isFile()) return { files: [{ path: dir, name: basename(dir) }], refused: [] };
  const files: FoundFile[] = [];
  const refused: FoundFile[] = [];
  const found = (path: string): FoundFile => ({ path, name: relative(dir, path).split(sep).join("/") });
  const visited = new Set<string>();
  const visit = async (folder: string): Promise<void> => {
    // A link back to a folder above, or two links to one folder, are read once.
    const real = await realpath(folder);
    if (visited.has(real)) return;
    visited.add(real);
    for (const entry of await readdir(folder)) {
      if (entry.startsWith(".") || entry === "node_modules") continue;
      const path = join(folder, entry);
      const info = await stat(path).catch(() => undefined);
      if (info?.isDirectory()) {
        await visit(path).catch(({ code }: NodeJS.ErrnoException) => code === "EACCES" && refused.push(found(path)));
      } else if (info?.isFile() && /\.(ya?ml|json)$/i.test(entry)) files.push(found(path));
    }
  };
  await visit(dir);
  return { files: files.sort((a, b) => (a.name < b.name ? -1 : 1)), refused };
}

async function readOne(file: FoundFile, cache: FolderCache, keepLastGood: boolean): Promise<ParsedFile> {
  const known = cache.get(file.path);
  const orLastGood = (read: ParsedFile): ParsedFile =>
    keepLastGood && read.broken && known !== undefined ? withLastGood(read, known.parsed) : read;
  const refuse = (reason: string): ParsedFile => orLastGood(unreadable(file, `The file cannot be read: ${reason}`));
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(file.path);
    if (size > MAX_FILE_BYTES) return refuse(`it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
    const fingerprint = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
    if (known?.fingerprint === fingerprint) return known.parsed;
    const text = decodeText(await readFile(file.path));
    if (text === undefined) return refuse("it is not text");
    const parsed = orLastGood(parseManifests(file.name, text));
    cache.set(file.path, { fingerprint, parsed });
    return parsed;
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    // A file that vanished since the folder was listed is no longer part of it.
    if (reason === "ENOENT") return { objects: [], problems: [], broken: false };
    return refuse(reason === "EACCES" ? "permission is denied" : reason);
  }
}

function withLastGood(fresh: ParsedFile, last: ParsedFile): ParsedFile {
  const present = new Set(fresh.objects.map(({ object }) => keyOf(object, object.metadata)));
  const kept = last.objects.filter(({ object }) => !present.has(keyOf(object, object.metadata)));
  return { ...fresh, objects: [...kept, ...fresh.objects] };
}

function unreadable(file: FoundFile, message: string): ParsedFile {
  const problem: LocatedProblem = {
    code: "file-unreadable",
    severity: "error",
    object: fileRef(file.name),
    path: [],
    message,
    location: { file: file.name, line: 1, column: 1 },
  };
  return { objects: [], problems: [problem], broken: true };
}

function assemble(files: string[], parsed: readonly ParsedFile[]): Folder {
  const problems = parsed.flatMap((file) => file.problems);
  const found = new Map<string, { object: KubernetesObject; place: Place }>();
  for (const one of parsed.flatMap((file) => file.objects)) {
    const key = keyOf(one.object, one.object.metadata);
    const earlier = found.get(key);
    if (earlier !== undefined) problems.push(duplicate(one, earlier.place));
    found.set(key, one);
  }
  const objects = [...found.values()].map(({ object }) => object);
  return {
    store: createObjectStore(objects),
    objects,
    problems,
    files,
    locate(object, path, options) {
      const place = found.get(keyOf(object, object))?.place;
      return place && locateNode(place, path, options);
    },
  };
}

function duplicate({ object, place }: { object: KubernetesObject; place: Place }, earlier: Place): LocatedProblem {
  const { apiVersion, kind, metadata } = object;
  const { file, line } = locateNode(earlier, []);
  return {
    code: "duplicate-object",
    severity: "warning",
    object: { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name },
    path: [],
    message: `${kind} \`${metadata.name}\` is defined twice; this one takes the place of the one at ${file}:${line}`,
    location: locateNode(place, []),
  };
}

/** Both Traefik groups, and all versions of an Ingress, name the same object: so does the kind alone. */
const keyOf = ({ kind }: { kind: string }, { namespace, name }: { namespace?: string; name: string }): string =>
  `${kind}\0${namespace ?? ""}\0${name}`;
