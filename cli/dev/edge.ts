import { convertV4MiniflareOptions, Miniflare, type MiniflareOptions } from "miniflare";
import type { BeaconBinding } from "../../sync-agent/publish/beacon-binding.ts";
import { createBindingStore, type KvBinding } from "../../sync-agent/publish/binding-store.ts";
import type { SnapshotStore } from "../../sync-agent/publish/snapshot-store.ts";
import { bundleWorker, exportName, type WorkerSocket } from "./bundle-worker.ts";
import type { DevKeys } from "./dev-keys.ts";
import { runtimeMessage } from "./runtime-message.ts";
import type { Address } from "./tls-listener.ts";

/** A socket of the Worker and where it listens; port 0 takes any. */
export interface EdgeSocket extends WorkerSocket, Address {}

export interface EdgeOptions {
  publisher: string;
  gatewayPort: number;
  keys: DevKeys;
  /** What the Worker writes to its log. */
  log: (level: string, message: string) => void;
  /** Takes the lines of its access log. */
  writeAccess?: (line: string) => void;
}

const WORKER = "sluice";
const COMPATIBILITY_DATE = "2026-11-17";

/** The Worker on workerd, with its KV and beacon. */
export class Edge {
  readonly #options: EdgeOptions;
  readonly #miniflare: Miniflare;
  #sockets: readonly EdgeSocket[];

  private constructor(options: EdgeOptions, miniflare: Miniflare, sockets: readonly EdgeSocket[]) {
    this.#options = options;
    this.#miniflare = miniflare;
    this.#sockets = sockets;
  }

  static async start(options: EdgeOptions, sockets: readonly EdgeSocket[]): Promise<Edge> {
    const miniflare = new Miniflare(await workerOptions(options, sockets));
    await miniflare.ready;
    return new Edge(options, miniflare, await locate(miniflare, sockets));
  }

  /** Starts the Worker anew with other sockets. What is in KV and in the beacon stays. */
  async setSockets(sockets: readonly EdgeSocket[]): Promise<void> {
    await this.#miniflare.setOptions(await workerOptions(this.#options, sockets));
    this.#sockets = await locate(this.#miniflare, sockets);
  }

  /** Where a socket listens. */
  address(entryPoint: string, tls: boolean): Address {
    const socket = this.#sockets.find((one) => one.entryPoint === entryPoint && one.tls === tls);
    if (!socket) throw new Error(`the Worker has no socket for entry point ${entryPoint}`);
    return socket;
  }

  /** Where snapshots are published to; ask again after `setSockets`. */
  async store(): Promise<SnapshotStore> {
    const { publisher } = this.#options;
    const bindings = await this.#miniflare.getBindings<Bindings>(WORKER);
    const beacon = bindings.BEACON.get(bindings.BEACON.idFromName(publisher));
    return createBindingStore({ publisher, kv: bindings.TABLE, beacon });
  }

  /** Resolves when the Worker routes by this generation or a later one; false when it will not. */
  async serves(generation: number): Promise<boolean> {
    const { host, token } = this.#options.keys.admin;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      // Any request makes the Worker look for a newer table; this one is for a port that no entry point has.
      await this.#get("unrouted.invalid:65535", "/").then((response) => response.arrayBuffer());
      const response = await this.#get(host, "/api/generation", { Authorization: `Bearer ${token}` });
      const { pointer } = (await response.json()) as { pointer?: { generation: number } };
      if (pointer !== undefined && pointer.generation >= generation) return true;
    }
    return false;
  }

  async close(): Promise<void> {
    await this.#miniflare.dispose();
  }

  #get(host: string, path: string, headers: Record<string, string> = {}) {
    return this.#miniflare.dispatchFetch(`http://${host}${path}`, { headers });
  }
}

const MAX_TRIES = 50;

interface Bindings extends Record<string, unknown> {
  TABLE: KvBinding;
  BEACON: { idFromName(name: string): unknown; get(id: unknown): BeaconBinding };
}

async function workerOptions(options: EdgeOptions, sockets: readonly EdgeSocket[]): Promise<MiniflareOptions> {
  const { keys, publisher, gatewayPort, log, writeAccess = () => {} } = options;
  return convertV4MiniflareOptions({
    handleStructuredLogs: ({ level, message }) =>
      level === "log" ? writeAccess(message) : log(level, runtimeMessage(message)),
    workers: [
      {
        name: WORKER,
        compatibilityDate: COMPATIBILITY_DATE,
        modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundleWorker(sockets) }],
        kvNamespaces: { TABLE: "table" },
        durableObjects: {
          BEACON: { className: "Beacon", useSQLite: true },
          RATE_LIMITER: { className: "RateLimiter", useSQLite: true },
        },
        serviceBindings: { ORIGIN: { external: { address: `127.0.0.1:${gatewayPort}`, http: {} } } },
        bindings: {
          DEV: "1",
          PUBLISHER: publisher,
          HOP_KEY: JSON.stringify(keys.hop.privateKey),
          SEAL_KEY: Buffer.from(keys.seal).toString("base64"),
          CLIENT_ADDRESS: "loopback",
          ADMIN_HOST: keys.admin.host,
          ADMIN_KEYS: JSON.stringify(keys.admin.keySet),
        },
        unsafeDirectSockets: sockets.map((socket) => ({
          host: socket.host,
          port: socket.port,
          entrypoint: exportName(socket),
        })),
      },
    ],
  });
}

async function locate(miniflare: Miniflare, sockets: readonly EdgeSocket[]): Promise<EdgeSocket[]> {
  return Promise.all(
    sockets.map(async (socket) => {
      const url = await miniflare.unsafeGetDirectURL(WORKER, exportName(socket));
      return { ...socket, port: Number(url.port) };
    }),
  );
}
