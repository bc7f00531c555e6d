import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Running, runManifests } from "../e2e/run-manifests.ts";

/** `sluice dev` over these manifests, with entry points as Traefik's static configuration has them, by name. */
export async function runEntryPoints(
  entryPoints: Readonly<Record<string, string>>,
  manifests: string,
): Promise<Running> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-config-"));
  const config = join(dir, "traefik.yaml");
  const lines = Object.entries(entryPoints).map(([name, settings]) => `  ${name}: ${settings}`);
  await writeFile(config, `entryPoints:\n${lines.join("\n")}\n`);
  try {
    return await runManifests(manifests, { config });
  } finally {
    await rm(dir, { recursive: true });
  }
}
