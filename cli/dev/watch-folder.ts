import { type FSWatcher, watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export interface FolderWatcher {
  close(): void;
}

export interface WatchOptions {
  /** Milliseconds of quiet after an event: editors save in several steps. */
  quietMs?: number;
  /** Milliseconds after which a folder that is gone, its parent included, is looked for again. */
  retryMs?: number;
}

/**
 * Calls back when something may have changed in a folder (or file) or below it. Each directory has a watch of its
 * own, so that directories that come, go and are replaced are followed on every platform; while the folder itself
 * is gone, its coming back is waited for.
 */
export async function watchFolder(
  folder: string,
  onChange: () => void,
  { quietMs = 40, retryMs = 500 }: WatchOptions = {},
): Promise<FolderWatcher> {
  const watches = new Map<string, { inode: number; watcher: FSWatcher }>();
  const parent = dirname(folder);
  let quiet: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;

  function settle(): void {
    if (isClosed) return;
    clearTimeout(quiet);
    quiet = setTimeout(() => void follow().then(() => isClosed || onChange()), quietMs);
  }

  async function follow(): Promise<void> {
    const directories = await listDirectories(folder);
    const isThere = await inodeOf(folder);
    const parentInode = await inodeOf(parent);
    if (parentInode !== undefined) directories.set(parent, parentInode);
    if (isClosed) return;
    for (const [path, { inode, watcher }] of watches) {
      if (directories.get(path) === inode) continue;
      watcher.close();
      watches.delete(path);
    }
    for (const [path, inode] of directories) if (!watches.has(path)) begin(path, inode);
    clearTimeout(retry);
    if (isThere === undefined) retry = setTimeout(settle, retryMs);
  }

  function begin(path: string, inode: number): void {
    try {
      const watcher = watch(path, (_, name) => {
        if (path !== parent || name === null || name === basename(folder)) settle();
      });
      watcher.on("error", () => {
        watcher.close();
        watches.delete(path);
        settle();
      });
      watches.set(path, { inode, watcher });
    } catch {
      // It vanished since it was listed; its parent's watch tells.
    }
  }

  await follow();
  return {
    close() {
      isClosed = true;
      clearTimeout(quiet);
      clearTimeout(retry);
      for (const { watcher } of watches.values()) watcher.close();
    },
  };
}

const inodeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );

/** The directories at and below a path with their inodes; what cannot be read is passed over. */
async function listDirectories(folder: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const visited = new Set<number>();
  const visit = async (path: string): Promise<void> => {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isDirectory() || visited.has(info.ino)) return;
    visited.add(info.ino);
    found.set(path, info.ino);
    for (const entry of await readdir(path).catch(() => [])) {
      if (!entry.startsWith(".") && entry !== "node_modules") await visit(join(path, entry));
    }
  };
  await visit(folder);
  return found;
}
