import { build } from "esbuild";

/** Bundles what runs in a cluster into dist/sluice.mjs, which needs nothing but Node beside it. */
await build({
  entryPoints: ["cli/in-cluster.ts"],
  outfile: "dist/sluice.mjs",
  bundle: true,
  minifyWhitespace: true,
  platform: "node",
  format: "esm",
  target: "node24",
  sourcemap: true,
  sourcesContent: false,
  logLevel: "info",
  // Packages that are CommonJS inside ask for `require`, which a module does not have.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
