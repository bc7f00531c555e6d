import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundleWorker } from "../../cli/dev/bundle-worker.ts";
import { makeDevKeys } from "../../cli/dev/dev-keys.ts";
import type { Table } from "../../src/table/table.ts";
import type { BeaconBinding } from "../../sync-agent/publish/beacon-binding.ts";
import { createBindingStore, type KvBinding } from "../../sync-agent/publish/binding-store.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import { findWorkerd } from "./cpu-time.ts";

/** One workerd that holds the Workers which are compared, each on a socket of its own. */
export interface MeasuredWorkerd {
  pid: number;
  port(worker: string): number;
  /** Where a Worker's inspector is, when there is one. */
  inspectorUrl(worker: string): Promise<URL>;
  close(): Promise<void>;
}

export interface MeasuredOptions {
  originPort: number;
  /** The built Worker under names of our own, each an isolate, with the table that it serves. */
  edges: Readonly<Record<string, Table>>;
  /** Workers to compare it with, by name: the text of a module that finds the origin at `env.ORIGIN`. */
  others?: Readonly<Record<string, string>>;
  inspectorPort?: number | undefined;
}

/** Holds the beacon and writes the tables, so that every isolate of the Worker is cold until it is asked. */
const STORE = "store";
const COMPATIBILITY_DATE = "2026-11-17";

export async function startMeasuredWorkerd(options: MeasuredOptions): Promise<MeasuredWorkerd> {
  const { originPort, edges, others = {}, inspectorPort } = options;
  const [bundle, keys] = await Promise.all([bundleWorker([]), makeDevKeys()]);
  const publishers = new Map<Table, string>();
  for (const table of Object.values(edges)) if (!publishers.has(table)) publishers.set(table, `p${publishers.size}`);

  const shared = {
    compatibilityDate: COMPATIBILITY_DATE,
    serviceBindings: { ORIGIN: { external: { address: `127.0.0.1:${originPort}`, http: {} } } },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...(inspectorPort === undefined ? {} : { inspectorPort }),
      workers: [
        {
          name: STORE,
          compatibilityDate: COMPATIBILITY_DATE,
          modules: [{ type: "ESModule", path: "worker.mjs", contents: bundle }],
          kvNamespaces: { TABLE: "table" },
          durableObjects: { BEACON: { className: "Beacon", useSQLite: true } },
        },
        ...Object.entries(others).map(([name, contents]) => ({
          ...shared,
          name,
          modules: [{ type: "ESModule" as const, path: "worker.mjs", contents }],
        })),
        ...Object.entries(edges).map(([name, table]) => ({
          ...shared,
          name,
          modules: [{ type: "ESModule" as const, path: "worker.mjs", contents: bundle }],
          kvNamespaces: { TABLE: "table" },
          durableObjects: { BEACON: { className: "Beacon", scriptName: STORE, useSQLite: true } },
          bindings: {
            PUBLISHER: publishers.get(table) ?? "",
            HOP_KEY: JSON.stringify(keys.hop.privateKey),
            CLIENT_ADDRESS: "loopback",
          },
        })),
      ],
    }),
  );
  await miniflare.ready;
  const pid = findWorkerd();
  for (const [table, publisher] of publishers) await publishTo(miniflare, publisher, table);

  const ports = new Map<string, number>();
  for (const name of [...Object.keys(others), ...Object.keys(edges)]) {
    ports.set(name, Number((await miniflare.unsafeGetDirectURL(name)).port));
  }
  return {
    pid,
    port(worker) {
      const port = ports.get(worker);
      if (port === undefined) throw new Error(`no Worker ${worker}`);
      return port;
    },
    async inspectorUrl(worker) {
      const { host } = await miniflare.getInspectorURL();
      return new URL(`ws://${host}/core:user:${worker}`);
    },
    close: () => miniflare.dispose(),
  };
}

interface Bindings extends Record<string, unknown> {
  TABLE: KvBinding;
  BEACON: { idFromName(name: string): unknown; get(id: unknown): BeaconBinding };
}

async function publishTo(miniflare: Miniflare, publisher: string, table: Table): Promise<void> {
  const { BEACON, TABLE } = await miniflare.getBindings<Bindings>(STORE);
  const store = createBindingStore({ publisher, kv: TABLE, beacon: BEACON.get(BEACON.idFromName(publisher)) });
  const { status } = await publish(store, table, { epoch: 1 });
  if (status !== "published") throw new Error(`the table was not published: ${status}`);
}
