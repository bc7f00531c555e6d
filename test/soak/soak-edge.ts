import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundleWorker, exportName } from "../../cli/dev/bundle-worker.ts";
import type { DevKeys } from "../../cli/dev/dev-keys.ts";
import {
  ACCOUNT,
  type CloudflareApi,
  type KvBacking,
  NAMESPACE,
  startCloudflareApi,
} from "../doubles/cloudflare-api/cloudflare-api.ts";
import { createLateKv, type LateKv } from "./late-kv.ts";

const PUBLISHER = "soak";
const ADMIN_PATH = "/.sluice";

type KeyPair = DevKeys["hop"];

/** What signs hops, and what opens the admin API. */
export interface SoakKeys {
  hop: KeyPair;
  admin: KeyPair;
}

/** The Worker on workerd, its KV behind a layer that shows writes late, and the REST API that writes it. */
export interface SoakEdge {
  /** Where the entry point `web` listens. */
  readonly port: number;
  readonly api: CloudflareApi;
  readonly kv: LateKv;
  /** The agent's flags that are no files. */
  readonly flags: readonly string[];
  close(): Promise<void>;
}

/** @param gatewayPort where the Worker's hops go */
export async function startSoakEdge(keys: SoakKeys, gatewayPort: number): Promise<SoakEdge> {
  const socket = { entryPoint: "web", tls: false, isPrivate: false };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      // It says of each key that it does not find; here many show late.
      handleStructuredLogs: () => {},
      workers: [
        {
          name: "sluice",
          compatibilityDate: "2026-11-17",
          modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundleWorker([socket]) }],
          kvNamespaces: { TABLE: "table" },
          durableObjects: { BEACON: { className: "Beacon", useSQLite: true } },
          serviceBindings: { ORIGIN: { external: { address: `127.0.0.1:${gatewayPort}`, http: {} } } },
          bindings: {
            PUBLISHER,
            ADMIN_PATH,
            ADMIN_KEYS: JSON.stringify({ keys: [keys.admin.publicKey] }),
            HOP_KEY: JSON.stringify(keys.hop.privateKey),
            DEV: "1",
            CLIENT_ADDRESS: "loopback",
          },
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, entrypoint: exportName(socket) }],
        },
      ],
    }),
  );
  const url = await miniflare.ready;
  const { port } = await miniflare.unsafeGetDirectURL("sluice", exportName(socket));
  const kv = createLateKv((await miniflare.getKVNamespace("TABLE")) as unknown as KvBacking, Math.random);
  const api = await startCloudflareApi(kv.backing);
  return {
    port: Number(port),
    api,
    kv,
    flags: [
      ["--publisher", PUBLISHER],
      ["--account-id", ACCOUNT],
      ["--kv-namespace-id", NAMESPACE],
      ["--cloudflare-api", api.url],
      ["--admin-url", new URL(ADMIN_PATH, url).href],
    ].flat(),
    async close() {
      kv.close();
      await api.close();
      await miniflare.dispose();
    },
  };
}
