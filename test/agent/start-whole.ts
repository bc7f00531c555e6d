import http from "node:http";
import { createInterface } from "node:readline";
import { makeDevKeys } from "../../cli/dev/dev-keys.ts";
import { Edge } from "../../cli/dev/edge.ts";
import type { GatewayTable } from "../../relay/origin-gateway/gateway-table.ts";
import { type RunningGateway, startOriginGateway } from "../../relay/origin-gateway/start-gateway.ts";
import { FEED_PATH, type FeedDocument, feedDocumentSchema } from "../../src/feed/feed-document.ts";
import { createTokenVerifier } from "../../src/hop/token.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import { applyChanges } from "../../src/table/table-changes.ts";
import type { HostWatch, TableFeed } from "../../sync-agent/agent/agent-parts.ts";
import type { OpenPublishing } from "../../sync-agent/agent/publishing.ts";
import { createSnapshotPublisher } from "../../sync-agent/agent/snapshot-publisher.ts";
import type { SnapshotStore } from "../../sync-agent/publish/snapshot-store.ts";
import { send } from "../e2e/send.ts";

/** The Worker on workerd with KV and beacon, and an origin gateway that is fed in this process. */
export interface Whole {
  feed: TableFeed;
  store(): Promise<SnapshotStore>;
  /** In the place of Cloudflare's REST API: the bindings of the Worker. */
  open: OpenPublishing;
  /** Feeds the gateway from an agent; resolves with its first table. */
  follow(port: number, token: string): Promise<void>;
  /** Asks the Worker, on its entry point `web`. */
  get(host: string, path?: string): Promise<{ status: number; body: string }>;
  close(): Promise<void>;
}

const noHosts: HostWatch = { update: () => {}, problems: () => [], onChange: () => {}, close: async () => {} };

const PUBLISHER = "test";
const nowhere: Pointer = { publisher: PUBLISHER, epoch: 0, generation: 0, root: "" };

export async function startWhole(): Promise<Whole> {
  const keys = await makeDevKeys();
  let current: GatewayTable | undefined;
  const gateway: RunningGateway = await startOriginGateway({
    table: { current: () => current },
    verifier: createTokenVerifier({ keys: { [keys.hop.kid]: keys.hop.publicKey }, now: Date.now }),
    listen: { host: "127.0.0.1", port: 0 },
    now: Date.now,
    random: Math.random,
  });
  const socket = { entryPoint: "web", tls: false, isPrivate: false, host: "127.0.0.1", port: 0 };
  const edge = await Edge.start({ publisher: PUBLISHER, gatewayPort: gateway.address.port, keys, log: () => {} }, [
    socket,
  ]);
  const { port } = edge.address("web", false);
  const store = (): Promise<SnapshotStore> => edge.store();
  const feed: TableFeed = {
    publish({ pointer, table }) {
      const { services, endpoints, serversTransports, middlewares } = table;
      current = { services, endpoints, serversTransports, middlewares, pointer: pointer ?? nowhere };
      gateway.tableChanged(current);
    },
    close: async () => {},
  };
  return {
    feed,
    store,
    open: async () => ({
      publisher: createSnapshotPublisher(await store(), { allowLoss: true }),
      describe: async ({ routers }) => routers.map(({ name }) => `${name}\n`).join(""),
      hosts: noHosts,
      admin: undefined,
    }),
    follow: (port, token) =>
      new Promise((resolve, reject) => {
        const readDocument = (document: FeedDocument): void => {
          if (document.type === "full") table = document.table;
          if (document.type === "changes") table = applyChanges(table, document.changes);
          if ("pointer" in document) feed.publish({ pointer: document.pointer, table });
          resolve();
        };
        let table = emptyTable();
        const headers = { Authorization: `Bearer ${token}` };
        const request = http.get({ host: "127.0.0.1", port, path: FEED_PATH, headers }, async (response) => {
          const lines = createInterface({ input: response });
          lines.on("line", (line) => readDocument(feedDocumentSchema.parse(JSON.parse(line))));
        });
        request.on("error", reject);
      }),
    async get(host, path = "/") {
      const response = await send(`http://127.0.0.1:${port}`, path, { host });
      return { status: response.status, body: response.body };
    },
    async close() {
      await edge.close();
      await gateway.close(0);
    },
  };
}
