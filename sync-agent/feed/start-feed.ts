import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { FEED_CONTENT_TYPE, FEED_PATH } from "../../src/feed/feed-document.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { FeedLog } from "./feed-log.ts";
import { RelayStream } from "./relay-stream.ts";

export interface FeedOptions {
  listen: { host: string; port: number };
  /** What relays show to be let in: the feed carries private keys. */
  token: string;
  /** PEM. Without it the feed is plain HTTP, which only the loopback is for. */
  tls?: { cert: string; key: string };
  /** Up to when every change in the cluster is known, in milliseconds since 1970. */
  freshAt: () => number;
  /** How often a relay hears that the agent is still there. Default 2 s. */
  heartbeatMs?: number;
  /** A relay that takes nothing of what is written to it for so long is cut off. Default 30 s. */
  stallMs?: number;
}

export interface Feed {
  readonly address: { host: string; port: number };
  /** Tells every relay. `pointer` is the last one that the beacon is known to have accepted. */
  publish(state: { pointer: Pointer | null; table: Table }): void;
  /** Relays that read, those that were cut off, and the bytes that wait for relays to take them. */
  stats(): { relays: number; stalled: number; waitingBytes: number };
  close(): Promise<void>;
}

const HEARTBEAT_MS = 2_000;
const STALL_MS = 30_000;

/** Serves the feed. Rejects when it cannot listen; throws for plain HTTP beyond the loopback. */
export async function startFeed(options: FeedOptions): Promise<Feed> {
  const { listen, token, tls, freshAt, heartbeatMs = HEARTBEAT_MS, stallMs = STALL_MS } = options;
  if (tls === undefined && !isLoopback(listen.host)) {
    throw new Error(
      `the feed carries private keys: without a certificate it listens on the loopback only, not on ${listen.host}`,
    );
  }
  const log = new FeedLog(freshAt);
  const relays = new Map<ServerResponse, RelayStream>();
  const wanted = digest(`Bearer ${token}`);
  let stalled = 0;
  const tell = (line: string): void => {
    for (const relay of relays.values()) relay.tell(line);
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = URL.canParse(request.url ?? "", "http://feed") ? new URL(request.url ?? "", "http://feed") : undefined;
    if (!timingSafeEqual(digest(request.headers.authorization ?? ""), wanted)) {
      response.writeHead(401, { "WWW-Authenticate": "Bearer" }).end("the token is not the feed's\n");
    } else if (url?.pathname !== FEED_PATH || request.method !== "GET") {
      response.writeHead(404).end(`only GET ${FEED_PATH} is served\n`);
    } else if (!log.hasTable) {
      // Another agent may have a table already.
      response.writeHead(503, { "Retry-After": "1" }).end("the agent has not read the cluster yet\n");
    } else {
      response.writeHead(200, { "Content-Type": FEED_CONTENT_TYPE, "Cache-Control": "no-store" });
      response.once("close", () => relays.delete(response));
      response.on("error", () => {});
      const since = url.searchParams.get("since");
      const onStall = (): void => {
        stalled += 1;
      };
      relays.set(response, new RelayStream({ log, response, since, stallMs, onStall }));
    }
  };

  const server = tls === undefined ? createServer(handle) : createTlsServer({ ...tls, minVersion: "TLSv1.3" }, handle);
  server.on("clientError", (_, socket) => socket.destroy());
  server.listen(listen.port, listen.host);
  await once(server, "listening");
  const heartbeat = setInterval(() => tell(log.heartbeat()), heartbeatMs);

  const { address: host, port } = server.address() as AddressInfo;
  return {
    address: { host, port },
    publish({ pointer, table }) {
      const line = log.append(pointer, table);
      if (line !== undefined) tell(line);
    },
    stats: () => ({
      relays: relays.size,
      stalled,
      waitingBytes: relays.keys().reduce((sum, { writableLength }) => sum + writableLength, 0),
    }),
    async close() {
      clearInterval(heartbeat);
      const closed = once(server, "close");
      server.close();
      for (const response of relays.keys()) response.end();
      server.closeIdleConnections();
      const forced = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      await closed;
      clearTimeout(forced);
    },
  };
}

const CLOSE_GRACE_MS = 1_000;

/** Of one length, so that comparing tells nothing of the token's. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
