import { once } from "node:events";
import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createBalanceState } from "../../src/balance/balance-state.ts";
import { HOP_HEADER } from "../../src/hop/hop.ts";
import type { TokenVerifier } from "../../src/hop/token.ts";
import { answerFailure, refuseRequest } from "./answer.ts";
import { createDialFailures } from "./dial-failures.ts";
import { EndpointPools } from "./endpoint-pools.ts";
import type { Gateway, GatewayCounters } from "./gateway.ts";
import type { GatewayTable, GatewayTableSource } from "./gateway-table.ts";
import { handleRequest } from "./handle-request.ts";
import { hasBody } from "./request-body.ts";

export interface GatewayOptions {
  table: GatewayTableSource;
  verifier: TokenVerifier;
  listen: { host: string; port: number };
  /**
   * Whether the table is known to be that of the moment. While it is not, uploads wait a little longer, each on a
   * connection of its own. Default: always.
   */
  isTableLive?: () => boolean;
  /** Milliseconds since 1970. */
  now: () => number;
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
  /** Told of errors that no client sees. */
  log?: (message: string, error: unknown) => void;
  /** Told of each request's end, upgraded connections left out. */
  onRequestEnd?: (seconds: number) => void;
}

export interface RunningGateway {
  address: { host: string; port: number };
  /** To be told of each new table, so that connections to endpoints that are gone are let go. */
  tableChanged(table: GatewayTable): void;
  stats(): GatewayCounters & { pools: number; openRequests: number; openConnections: number };
  /** Stops accepting, lets requests finish for so long, then ends them. */
  close(graceMs?: number): Promise<void>;
}

/** A client has so long to send a request's headers; bodies take as long as they take. */
const HEADERS_TIMEOUT_MS = 60_000;
/** More than any cookie needs; a single request cannot take more memory for them. */
const MAX_HEADER_BYTES = 256 * 1024;
/** Longer than an edge keeps idle connections: who closes first makes the other's next request fail. */
const KEEP_ALIVE_MS = 620_000;

/** Starts the origin gateway: takes requests from the edge over HTTP/1.1 and sends them to the Pods of the table. */
export async function startOriginGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { table, verifier, listen, now, random, log = () => {}, onRequestEnd = () => {} } = options;
  const { isTableLive = () => true } = options;
  const gateway: Gateway = {
    source: table,
    verifier,
    balance: createBalanceState({ random }),
    failures: createDialFailures(now),
    pools: new EndpointPools(now),
    counters: { requests: 0, unauthorized: 0, refusedDials: 0, failed: 0 },
    isTableLive,
    now,
  };
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAlive: true,
    noDelay: true,
  });
  const tunnels = new Set<Socket>();
  let isClosing = false;
  let openRequests = 0;
  let openConnections = 0;
  server.on("connection", (socket: Socket) => {
    openConnections++;
    socket.once("close", () => openConnections--);
  });

  const handle = (request: IncomingMessage, response: ServerResponse, upgrade?: string): void => {
    handleRequest(request, response, upgrade, gateway).catch((error: unknown) => {
      log("a request failed", error);
      if (response.headersSent) response.destroy();
      else answerFailure(response, "broken");
    });
  };
  server.on("request", (request, response) => {
    if (isClosing) response.shouldKeepAlive = false;
    if (request.url === "/ping" && request.method === "GET" && request.headers[HOP_HEADER] === undefined) {
      response.writeHead(200, { "content-type": "text/plain" }).end("OK");
      return;
    }
    openRequests++;
    const begun = performance.now();
    response.once("close", () => {
      openRequests--;
      onRequestEnd((performance.now() - begun) / 1000);
      if (isClosing) server.closeIdleConnections();
    });
    handle(request, response);
  });
  server.on("upgrade", (request, socket: Socket, head) => {
    tunnels.add(socket);
    socket.once("close", () => tunnels.delete(socket));
    socket.on("error", () => socket.destroy());
    if (head.length > 0) socket.unshift(head);
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    // The parser has let go of this connection: whatever is answered instead of 101 is its last answer.
    response.shouldKeepAlive = false;
    response.once("finish", () => socket.end());
    // One side would read it as the request's, the other as the tunnel's.
    if (hasBody(request)) refuseRequest(response);
    else handle(request, response, tunnelOf(request));
  });

  server.listen(listen.port, listen.host);
  await once(server, "listening");
  const { address: host, port } = server.address() as AddressInfo;
  return {
    address: { host, port },
    tableChanged: (current) => gateway.failures.retain(gateway.pools.retain(current)),
    stats: () => ({ ...gateway.counters, pools: gateway.pools.size, openRequests, openConnections }),
    async close(graceMs = 0) {
      isClosing = true;
      const closed = once(server, "close");
      server.close();
      const timer = setTimeout(() => {
        server.closeAllConnections();
        for (const socket of tunnels) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
      await gateway.pools.destroy();
    },
  };
}

/** What to tunnel. Not HTTP/2: nobody here would see its requests, and nobody needs it (RFC 9113, section 3.1). */
const tunnelOf = ({ headers: { upgrade = "" } }: IncomingMessage): string | undefined =>
  /\bh2c?\b/i.test(upgrade) ? undefined : upgrade;
