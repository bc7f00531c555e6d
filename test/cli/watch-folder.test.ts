import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FolderWatcher, watchFolder } from "../../cli/dev/watch-folder.ts";

describe("watchFolder", () => {
  let base: string;
  let folder: string;
  let watcher: FolderWatcher | undefined;
  let changes = 0;
  let wake: (() => void) | undefined;

  /** Resolves at the next change after `act`; a change that never comes runs into the test's own time limit. */
  const changed = async (act: () => Promise<unknown>): Promise<void> => {
    const before = changes;
    await act();
    while (changes === before) await new Promise<void>((resolve) => (wake = resolve));
  };

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "sluice-watch-"));
    folder = join(base, "manifests");
    await mkdir(join(folder, "sub"), { recursive: true });
    await writeFile(join(folder, "a.yaml"), "a");
    watcher = await watchFolder(
      folder,
      () => {
        changes++;
        wake?.();
      },
      { quietMs: 5, retryMs: 20 },
    );
  });
  afterEach(async () => {
    watcher?.close();
    await rm(base, { recursive: true, force: true });
  });

  it("sees edits, new files, deleted files, and saves by renaming", async () => {
    await changed(() => writeFile(join(folder, "a.yaml"), "b"));
    await changed(() => writeFile(join(folder, "new.yaml"), "c"));
    await changed(() => rm(join(folder, "new.yaml")));
    await changed(async () => {
      await writeFile(join(folder, ".a.yaml.tmp"), "d");
      await rename(join(folder, ".a.yaml.tmp"), join(folder, "a.yaml"));
    });
    await changed(() => writeFile(join(folder, "a.yaml"), "e"));
  });

  it("follows directories that come, and that are replaced", async () => {
    await changed(() => writeFile(join(folder, "sub", "b.yaml"), "1"));
    await changed(() => mkdir(join(folder, "deep", "er"), { recursive: true }));
    await changed(() => writeFile(join(folder, "deep", "er", "c.yaml"), "1"));
    await changed(() => rename(join(folder, "sub"), join(base, "old")));
    await changed(() => mkdir(join(folder, "sub")));
    await changed(() => writeFile(join(folder, "sub", "b.yaml"), "2"));
  });

  it("outlives the folder itself, and the directory that holds it", async () => {
    await changed(() => rm(folder, { recursive: true }));
    await changed(() => mkdir(folder));
    await changed(() => writeFile(join(folder, "a.yaml"), "1"));
    await changed(() => rm(base, { recursive: true }));
    await changed(() => mkdir(folder, { recursive: true }));
    await changed(() => writeFile(join(folder, "a.yaml"), "2"));
  });

  it("is silent once closed", async () => {
    await changed(() => writeFile(join(folder, "a.yaml"), "b"));
    watcher?.close();
    const before = changes;
    await writeFile(join(folder, "a.yaml"), "c");
    const other = await watchFolder(folder, () => undefined, { quietMs: 1 });
    other.close();
    expect(changes).toBe(before);
  });
});
