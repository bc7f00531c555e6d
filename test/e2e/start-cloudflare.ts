import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundleWorker } from "../../cli/dev/bundle-worker.ts";
import {
  ACCOUNT,
  type CloudflareApi,
  type KvBacking,
  NAMESPACE,
  startCloudflareApi,
  TOKEN,
} from "../doubles/cloudflare-api/cloudflare-api.ts";

const PUBLISHER = "test";
const ADMIN_PATH = "/.sluice";

/** The Worker on workerd with its admin API, and the REST API of the KV that it reads. */
export interface Cloudflare {
  api: CloudflareApi;
  /** The flags by which commands and agents find it. */
  flags: string[];
  /** Asks the Worker. */
  get(host: string): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

export async function startCloudflare(): Promise<Cloudflare> {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "admin" }] };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      workers: [
        {
          name: "sluice",
          compatibilityDate: "2026-11-17",
          modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundleWorker([]) }],
          kvNamespaces: { TABLE: "table" },
          durableObjects: { BEACON: { className: "Beacon", useSQLite: true } },
          bindings: { PUBLISHER, ADMIN_PATH, ADMIN_KEYS: JSON.stringify(keys) },
        },
      ],
    }),
  );
  const url = await miniflare.ready;
  const kv = (await miniflare.getKVNamespace("TABLE")) as unknown as KvBacking;
  const api = await startCloudflareApi(kv);
  const dir = await mkdtemp(join(tmpdir(), "sluice-cloudflare-"));
  const tokenFile = join(dir, "api-token");
  const keyFile = join(dir, "admin-key.json");
  await writeFile(tokenFile, TOKEN);
  await writeFile(keyFile, JSON.stringify({ ...(await exportJWK(privateKey)), kid: "admin" }));
  return {
    api,
    flags: [
      ["--publisher", PUBLISHER],
      ["--account-id", ACCOUNT],
      ["--kv-namespace-id", NAMESPACE],
      ["--api-token-file", tokenFile],
      ["--cloudflare-api", api.url],
      ["--admin-url", new URL(ADMIN_PATH, url).href],
      ["--admin-key-file", keyFile],
    ].flat(),
    async get(host) {
      const response = await miniflare.dispatchFetch(`http://${host}/`);
      return { status: response.status, text: await response.text() };
    },
    async close() {
      await miniflare.dispose();
      await api.close();
      await rm(dir, { recursive: true });
    },
  };
}
