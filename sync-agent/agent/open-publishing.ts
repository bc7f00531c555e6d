import Cloudflare from "cloudflare";
import type { JWK } from "jose";
import { createCloudflareHosts } from "../hosts/cloudflare-hosts.ts";
import { type HostRecordStore, HostsApiError } from "../hosts/hosts-api.ts";
import { meterStore } from "../operations/meter-store.ts";
import { type AdminClient, createAdminClient } from "../publish/admin-client.ts";
import { createCollector } from "../publish/collect-garbage.ts";
import { type Fetch, proxiedFetch } from "../publish/proxied-fetch.ts";
import { API_LIMIT, createRequestBudget, type RequestBudget } from "../publish/request-budget.ts";
import { createRestKv } from "../publish/rest-kv.ts";
import { createRestStore } from "../publish/rest-store.ts";
import type { SnapshotStore } from "../publish/snapshot-store.ts";
import type { Log } from "./agent-parts.ts";
import { type AgentSettings, type CloudflareSettings, SettingsError } from "./agent-settings.ts";
import type { OpenPublishing } from "./publishing.ts";
import { readSettingsFile } from "./read-settings-file.ts";
import { createSnapshotPublisher } from "./snapshot-publisher.ts";
import { sleep } from "./time.ts";
import { watchHosts } from "./watch-hosts.ts";

/** Old leaves take room, and nothing else: they are looked for rarely. */
const COLLECT_MS = 3600 * 1000;
/** So that what is collected takes half of the requests at most. */
const COLLECT_PAUSE_MS = 600;

/** Publishes to Cloudflare: KV by its REST API, the beacon through the Worker's admin API. */
export const openPublishing: OpenPublishing = async (settings, { registry, log, isLeader }) => {
  const closing = new AbortController();
  const { client, store: opened, admin, budget } = await openStore(settings, closing.signal);
  if (admin === undefined) {
    log.warn(
      {},
      "without --admin-url the pointer is a KV key: changes show after a minute, and nothing fences an old leader",
    );
  }
  const store = meterStore(opened, registry);
  const publisher = createSnapshotPublisher(store, {
    maxLoss: settings.maxLoss,
    allowLoss: settings.allowLoss,
    ...(admin && { workerReads: async () => (await admin.status().catch(() => undefined))?.tableVersion }),
    onPlanned: (seconds) => registry.observe("sluice_agent_plan_seconds", seconds),
  });
  const hosts = watchHosts(
    {
      api: createCloudflareHosts({
        client,
        accountId: settings.cloudflare.accountId,
        worker: settings.worker,
        now: Date.now,
        budget,
      }),
      records: hostRecords(store),
      publisher: settings.publisher,
      worker: settings.worker,
      manage: settings.manageHosts,
      isLeader,
      log,
      now: Date.now,
      sleep,
    },
    registry,
  );
  const exclusive = oneAtATime();
  const collector = createCollector({
    store,
    now: Date.now,
    mayDelete: isLeader,
    exclusive,
    pause: () => sleep(COLLECT_PAUSE_MS, closing.signal),
  });
  const collecting = collect(() => collector.collect(), isLeader, log, closing.signal);
  return {
    publisher: {
      ...publisher,
      publish: (table, options) => exclusive(() => publisher.publish(table, options)),
      async close() {
        closing.abort();
        await collecting;
      },
    },
    describe: (table) => publisher.describe(table),
    hosts,
    admin: admin && { servedGeneration: async (signal) => (await admin.status(signal)).generation },
  };
};

/** Where tables are kept, as `sluice publish` and its companions need it too. */
export interface OpenedStore {
  client: Cloudflare;
  store: SnapshotStore;
  admin: AdminClient | undefined;
  /** Of the API's requests, whatever they are for. */
  budget: RequestBudget;
}

/** @throws SettingsError for files that cannot be used */
export async function openStore(
  { cloudflare, publisher }: Pick<AgentSettings, "cloudflare" | "publisher">,
  signal: AbortSignal,
): Promise<OpenedStore> {
  const { accountId, kvNamespaceId: namespaceId, apiUrl } = cloudflare;
  const apiToken =
    "text" in cloudflare.apiToken
      ? cloudflare.apiToken.text
      : await readSettingsFile("api-token-file", cloudflare.apiToken.file);
  const send = openProxy(process.env);
  const client = new Cloudflare({
    apiToken,
    ...(apiUrl !== undefined && { baseURL: apiUrl }),
    fetch: send,
    logLevel: "off",
    // Tries that it makes by itself would be beyond the budget.
    maxRetries: 0,
  });
  const budget = createRequestBudget({ ...API_LIMIT, now: () => performance.now(), sleep });
  const kv = createRestKv({ client, accountId, namespaceId, budget, signal, random: Math.random, sleep });
  const admin = await openAdmin(cloudflare, send);
  return {
    client,
    store: createRestStore({ publisher, kv, beacon: admin, now: Date.now }),
    admin,
    budget,
  };
}

function openProxy(env: Readonly<Record<string, string | undefined>>): Fetch {
  try {
    return proxiedFetch(env);
  } catch (cause) {
    throw new SettingsError("HTTPS_PROXY is no URL of a proxy, such as http://proxy.example.com:3128", { cause });
  }
}

async function openAdmin({ admin }: CloudflareSettings, send: Fetch): Promise<AdminClient | undefined> {
  if (admin === undefined) return undefined;
  const text = await readSettingsFile("admin-key-file", admin.keyFile);
  try {
    return await createAdminClient({ url: admin.url, key: JSON.parse(text) as JWK, now: Date.now, fetch: send });
  } catch (cause) {
    throw new SettingsError(`--admin-key-file ${admin.keyFile} is no private key (JWK)`, { cause });
  }
}

function hostRecords(store: SnapshotStore): HostRecordStore {
  const told = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw new HostsApiError("transient", error instanceof Error ? error.message : String(error), error);
    });
  return {
    get: async (key) => (await told(store.get([key]))).get(key) ?? undefined,
    put: (key, value) => told(store.put(new Map([[key, value]]))),
    list: async (prefix) => (await told(store.list(prefix))).map(({ key }) => key),
  };
}

function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
}

/** The leader deletes what nobody needs any more, once an hour, from a random moment on. */
async function collect(
  run: () => Promise<number>,
  isLeader: () => boolean,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  for (let wait = COLLECT_MS * (0.25 + Math.random()); ; wait = COLLECT_MS) {
    try {
      await sleep(wait, signal);
    } catch {
      return;
    }
    if (!isLeader()) continue;
    try {
      const deleted = await run();
      if (deleted > 0) log.info({ deleted }, "deleted leaves and roots that no generation names any more");
    } catch (error) {
      log.warn({ reason: String(error) }, "old leaves could not be deleted; it is tried again in an hour");
    }
  }
}
