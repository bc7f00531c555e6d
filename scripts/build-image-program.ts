import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { build } from "esbuild";

const FOLDER = "dist/image";

/**
 * Bundles what runs in a cluster into dist/image/sluice.mjs, which needs nothing but Node, and beside it the parts
 * that only some runs load: half of all is what reads kubeconfigs, which no Pod has. Without a source map: reading it
 * takes 150 MiB as soon as one error says where it came from, and names are kept as they are.
 */
const { outputFiles } = await build({
  entryPoints: { sluice: "cli/in-cluster.ts" },
  outdir: FOLDER,
  outExtension: { ".js": ".mjs" },
  chunkNames: "parts/[name]-[hash]",
  splitting: true,
  bundle: true,
  write: false,
  minifyWhitespace: true,
  platform: "node",
  format: "esm",
  target: "node24",
  logLevel: "info",
  // Packages that are CommonJS inside ask for `require`, which a module does not have.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
await rm(FOLDER, { recursive: true, force: true });
for (const { path, text } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, asAscii(text));
}

/**
 * The same program in ASCII: esbuild leaves regular expressions as they are, and one letter beyond Latin-1 has Node
 * keep the whole text in two bytes a letter, 10 MiB more.
 */
function asAscii(program: string): string {
  return program.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
