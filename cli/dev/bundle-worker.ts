import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A socket of the Worker's own: one entry point, plain or TLS. */
export interface WorkerSocket {
  entryPoint: string;
  tls: boolean;
}

const sources = fileURLToPath(new URL("../../src/", import.meta.url));

/** The export that serves the nth socket. */
export const exportName = (index: number): string => `socket${index}`;

/** The Worker as one module, with an export for each socket beside those of production. */
export async function bundleWorker(sockets: readonly WorkerSocket[]): Promise<string> {
  const exports = sockets.map(
    ({ entryPoint, tls }, i) => `export const ${exportName(i)} = entryPoint(${JSON.stringify(entryPoint)}, ${tls});`,
  );
  const contents = [
    'import worker, { Beacon, entryPoint } from "./worker.ts";',
    "export default worker;",
    "export { Beacon };",
    ...exports,
  ].join("\n");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: sources, sourcefile: "sluice-dev.ts", loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
