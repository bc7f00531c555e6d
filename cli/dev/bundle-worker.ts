import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A socket of the Worker's own: one entry point, plain or TLS. */
export interface WorkerSocket {
  entryPoint: string;
  tls: boolean;
  /** It stands behind a listener, which clients connect to. */
  isPrivate: boolean;
}

const sources = fileURLToPath(new URL("../../src/", import.meta.url));

/**
 * The export that serves a socket. Public and private ones have names of their own: miniflare gives a socket whose
 * port is left open the port that its namesake had before.
 */
export const exportName = ({ entryPoint, tls, isPrivate }: WorkerSocket): string =>
  `${isPrivate ? "private" : "public"}${tls ? "Tls" : "Plain"}_${Buffer.from(entryPoint).toString("hex")}`;

/**
 * The Worker as one module, with an export for each socket beside those of production.
 *
 * @param minify as `wrangler deploy` does by wrangler.toml; on a laptop names in stack traces are worth more
 */
export async function bundleWorker(sockets: readonly WorkerSocket[], { minify = false } = {}): Promise<string> {
  const exports = sockets.map(
    (socket) => `export const ${exportName(socket)} = entryPoint(${JSON.stringify(socket.entryPoint)}, ${socket.tls});`,
  );
  const contents = [
    'import worker, { Beacon, entryPoint, RateLimiter } from "./worker.ts";',
    "export default worker;",
    "export { Beacon, RateLimiter };",
    ...exports,
  ].join("\n");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: sources, sourcefile: "sluice-dev.ts", loader: "ts" },
    bundle: true,
    minify,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
