import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { JWK } from "jose";
import { Pool } from "undici";
import type { GatewayTable } from "../../relay/origin-gateway/gateway-table.ts";
import { startOriginGateway } from "../../relay/origin-gateway/start-gateway.ts";
import { createTokenVerifier } from "../../src/hop/token.ts";
import { answerParent } from "./child.ts";

/** What a process of its own serves. */
export interface GatewayOrder {
  table: GatewayTable;
  keys: Record<string, JWK>;
}

/** @returns the port of the gateway */
async function gateway({ table, keys }: GatewayOrder): Promise<number> {
  const running = await startOriginGateway({
    table: { current: () => table },
    verifier: createTokenVerifier({ keys, now: Date.now }),
    listen: { host: "127.0.0.1", port: 0 },
    now: Date.now,
    random: Math.random,
  });
  return running.address.port;
}

/**
 * The barest proxy that the same libraries make: whatever comes goes to one origin, headers as they are, and both
 * bodies are streamed.
 *
 * @returns its port
 */
async function bare({ originPort }: { originPort: number }): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${originPort}`, { pipelining: 1 });
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "GET", url: path = "/", headers } = request;
    const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
    const { connection: _, "keep-alive": __, ...rest } = headers;
    await pool.stream({ path, method, headers: rest, body: hasBody ? request : null }, (answer) => {
      const { connection: _, "keep-alive": __, ...passed } = answer.headers;
      return response.writeHead(answer.statusCode, passed);
    });
  };
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

answerParent({ gateway, bare, pid: async () => process.pid });
