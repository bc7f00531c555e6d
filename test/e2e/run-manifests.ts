import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Dev, type DevOptions, startDev } from "../../cli/dev/start-dev.ts";

/** `sluice dev` over a folder of the test's own. */
export interface Running extends Pick<Dev, "url" | "port" | "problems"> {
  /** Writes a file of the folder; resolves when the next request is answered by it. */
  write(file: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts it with one file of manifests, on free ports. */
export async function runManifests(manifests: string, options: Omit<DevOptions, "dir"> = {}): Promise<Running> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
  const remove = () => rm(dir, { recursive: true });
  try {
    await writeFile(join(dir, "manifests.yaml"), manifests);
    const dev = await startDev({ anyPort: true, ...options, dir });
    return {
      url: dev.url,
      port: dev.port,
      problems: dev.problems,
      async write(file, text) {
        await writeFile(join(dir, file), text);
        await dev.reload();
      },
      async close() {
        await dev.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
