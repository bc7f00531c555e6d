import { makeDevKeys } from "../../cli/dev/dev-keys.ts";
import { Edge } from "../../cli/dev/edge.ts";
import type { GatewayTable } from "../../relay/origin-gateway/gateway-table.ts";
import { type RunningGateway, startOriginGateway } from "../../relay/origin-gateway/start-gateway.ts";
import { createTokenVerifier } from "../../src/hop/token.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { TableFeed } from "../../sync-agent/agent/agent-parts.ts";
import type { ClaimingStore } from "../../sync-agent/agent/snapshot-publisher.ts";
import { send } from "../e2e/send.ts";

/** The Worker on workerd with KV and beacon, and an origin gateway that is fed in this process. */
export interface Whole {
  feed: TableFeed;
  store(): Promise<ClaimingStore>;
  /** Asks the Worker, on its entry point `web`. */
  get(host: string, path?: string): Promise<{ status: number; body: string }>;
  close(): Promise<void>;
}

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
  return {
    feed: {
      publish({ pointer, table }) {
        current = { ...table, pointer: pointer ?? nowhere };
        gateway.tableChanged(current);
      },
      close: async () => {},
    },
    async store() {
      const store = await edge.store();
      let claimed = 0;
      return {
        ...store,
        async claim(atLeast) {
          claimed = Math.max(atLeast, claimed, (await store.current())?.pointer.epoch ?? 0) + 1;
          return claimed;
        },
      };
    },
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
