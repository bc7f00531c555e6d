import { mkdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const PROGRAM = "dist/sluice.mjs";

/**
 * Bundles what runs in a cluster into dist/sluice.mjs, which needs nothing but Node beside it. Without a source map:
 * reading it takes 150 MiB as soon as one error says where it came from, and names are kept as they are.
 */
const { outputFiles } = await build({
  entryPoints: ["cli/in-cluster.ts"],
  outfile: PROGRAM,
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
await mkdir("dist", { recursive: true });
await writeFile(PROGRAM, asAscii(outputFiles[0]?.text ?? ""));

/**
 * The same program in ASCII: esbuild leaves regular expressions as they are, and one letter beyond Latin-1 has Node
 * keep the whole text in two bytes a letter, 10 MiB more.
 */
function asAscii(program: string): string {
  return program.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
