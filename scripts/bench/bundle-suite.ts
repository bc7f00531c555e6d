import { gzipSync } from "node:zlib";
import { bundleWorker } from "../../cli/dev/bundle-worker.ts";
import type { Suite } from "./suite.ts";

const MAX_KIB = 150;

/** How large the Worker is, as it is uploaded. */
export const bundleSuite: Suite = async () => {
  const bundle = await bundleWorker([], { minify: true });
  const gzipped = gzipSync(bundle, { level: 9 }).length / 1024;
  const lines = [`the Worker's bundle: ${(bundle.length / 1024).toFixed(0)} KiB, ${gzipped.toFixed(1)} KiB gzipped`];
  return { lines, figures: { "bundle.gzip_kib": { value: gzipped, atMost: MAX_KIB } } };
};
