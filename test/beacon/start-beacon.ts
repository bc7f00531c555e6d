import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { BeaconBinding } from "../../sync-agent/publish/beacon-binding.ts";
import type { KvBinding } from "../../sync-agent/publish/binding-store.ts";

const SOURCE = `
  export { Beacon } from "./src/beacon/beacon.ts";
  export default { fetch: () => new Response() };
`;

export interface RunningBeacon {
  /** The stub of the object of one publisher. */
  beacon(publisher: string): BeaconBinding;
  kv: KvBinding;
  /** Deletes every key of the namespace. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** The real Beacon and a real KV namespace in workerd. @param directory where they keep their state */
export async function startBeacon(directory?: string): Promise<RunningBeacon> {
  const bundle = await build({
    stdin: { contents: SOURCE, resolveDir: process.cwd(), loader: "ts" },
    bundle: true,
    format: "esm",
    write: false,
    external: ["cloudflare:*"],
    conditions: ["workerd", "worker", "browser"],
  });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          name: "beacon",
          compatibilityDate: "2026-11-17",
          modules: [{ type: "ESModule", path: "worker.mjs", contents: bundle.outputFiles[0]?.text ?? "" }],
          kvNamespaces: { TABLE: "table" },
          durableObjects: { BEACON: { className: "Beacon", useSQLite: true } },
        },
      ],
      ...(directory !== undefined && { resourcePersistencePath: directory }),
    }),
  );
  const env = await miniflare.getBindings<{
    TABLE: KvBinding & { list(): Promise<{ keys: { name: string }[] }>; delete(key: string): Promise<void> };
    BEACON: { getByName(name: string): BeaconBinding };
  }>();
  return {
    beacon: (publisher) => env.BEACON.getByName(publisher),
    kv: env.TABLE,
    async clear() {
      const { keys } = await env.TABLE.list();
      await Promise.all(keys.map(({ name }) => env.TABLE.delete(name)));
    },
    close: () => miniflare.dispose(),
  };
}
