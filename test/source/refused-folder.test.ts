import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { readFolder } from "../../sync-agent/source/folder-source.ts";

// Root may read every folder, and tests may run as root.
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const readdir = async (path: string): Promise<string[]> => {
    if (path.endsWith("refused")) throw Object.assign(new Error("EACCES"), { code: "EACCES", syscall: "scandir" });
    if (path.endsWith("gone")) throw Object.assign(new Error("ENOENT"), { code: "ENOENT", syscall: "scandir" });
    return real.readdir(path);
  };
  return { ...real, readdir };
});

it("says of a folder below that it must not be read, and reads the others", async () => {
  const dir = await mkdtemp(join(tmpdir(), "sluice-refused-"));
  try {
    for (const name of ["a", "refused", "gone"]) await mkdir(join(dir, "x", name), { recursive: true });
    await writeFile(join(dir, "x/a/a.yaml"), "apiVersion: v1\nkind: Service\nmetadata: { name: a }\n");
    const folder = await readFolder(dir);
    expect(folder.files).toEqual(["x/a/a.yaml"]);
    expect(folder.objects).toHaveLength(1);
    expect(folder.problems).toMatchObject([
      {
        code: "file-unreadable",
        message: "The folder cannot be read: permission is denied",
        location: { file: "x/refused" },
      },
    ]);
    await expect(readFolder(join(dir, "x/refused"))).rejects.toMatchObject({ code: "EACCES" });
  } finally {
    await rm(dir, { recursive: true });
  }
});
