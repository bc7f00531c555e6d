import { once } from "node:events";
import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { peek } from "../tcp/peek.ts";
import type { ClientExchange } from "./client-exchange.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import { Http2Exchange } from "./http2-exchange.ts";

export interface ClientListener {
  address: { host: string; port: number };
  openConnections(): number;
  /** Stops accepting, lets requests finish for so long, then ends them. */
  close(graceMs: number): Promise<void>;
}

/** A client has so long to send a request's headers; bodies take as long as they take. */
const HEADERS_TIMEOUT_MS = 60_000;
/** More than any cookie needs; a single request cannot take more memory for them. */
const MAX_HEADER_BYTES = 256 * 1024;
/** What Node takes of HTTP/1.1. */
const MAX_HEADER_LINES = 2_000;
/** Longer than an edge keeps idle connections: who closes first makes the other's next request fail. */
const KEEP_ALIVE_MS = 620_000;
/** Requests at a time on one connection of HTTP/2; a tunnel has few connections for all its requests. */
const MAX_STREAMS = 1_000;
/**
 * What a connection may hold in memory, in MiB: more than so many requests do whose clients do not read. Beyond it no
 * request would be taken, not even of others.
 */
const MAX_SESSION_MEMORY = 256;
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\n");

/**
 * Takes requests over HTTP/1.1 and, from those who know that it is spoken here (RFC 9113, section 3.3), over HTTP/2, on
 * one port: the first bytes of a connection tell.
 *
 * @param onRequest gets each request; upgrades have `upgrade` set, unless it is one that is not tunnelled
 */
export async function listenForClients(
  listen: { host: string; port: number; reusePort?: boolean },
  onRequest: (client: ClientExchange) => void,
): Promise<ClientListener> {
  const http1 = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAlive: true,
    noDelay: true,
  });
  const http2 = createHttp2Server({
    maxHeaderListPairs: MAX_HEADER_LINES,
    maxSendHeaderBlockLength: MAX_HEADER_BYTES,
    maxSessionMemory: MAX_SESSION_MEMORY,
    // A Pod's lines go on as they came, several of a name that should have one included: over HTTP/1.1 they do.
    strictSingleValueFields: false,
    settings: { maxHeaderListSize: MAX_HEADER_BYTES, maxConcurrentStreams: MAX_STREAMS, enablePush: false },
  });
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  let isClosing = false;

  const serveHttp1 = http1.listeners("connection");
  http1.removeAllListeners("connection");
  http1.on("connection", async (socket: Socket) => {
    sockets.add(socket);
    const onError = (): void => void socket.destroy();
    socket.once("close", () => sockets.delete(socket)).on("error", onError);
    const peeked = await peek(socket, HEADERS_TIMEOUT_MS, tellHttp);
    if (peeked.outcome !== "read" || isClosing) return void socket.destroy();
    if (peeked.value === "http2") {
      // Who ends its side of HTTP/2 has ended it all.
      socket.allowHalfOpen = false;
      http2.emit("connection", socket);
    } else for (const serve of serveHttp1) serve.call(http1, socket);
    socket.off("error", onError);
  });

  const onEnd = (): void => {
    if (isClosing) http1.closeIdleConnections();
  };
  const onHttp1 = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void => {
    if (isClosing) response.shouldKeepAlive = false;
    const client = new Http1Exchange(request, response, undefined, expectsContinue);
    client.onClose(onEnd);
    onRequest(client);
  };
  http1.on("request", (request, response) => onHttp1(request, response, false));
  http1.on("checkContinue", (request, response) => onHttp1(request, response, true));
  http1.on("upgrade", (request, socket: Socket, head) => {
    socket.on("error", () => socket.destroy());
    if (head.length > 0) socket.unshift(head);
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    // The parser has let go of this connection: whatever is answered instead of 101 is its last answer.
    response.shouldKeepAlive = false;
    response.once("finish", () => socket.end());
    onRequest(new Http1Exchange(request, response, request.headers.upgrade));
  });

  http2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.setTimeout(KEEP_ALIVE_MS, () => session.close());
  });
  http2.on("sessionError", () => {});
  http2.on("stream", (stream, headers, _, rawHeaders) => onRequest(new Http2Exchange(stream, headers, rawHeaders)));

  http1.listen(listen);
  await once(http1, "listening");
  const address = http1.address() as AddressInfo;
  return {
    address: { host: address.address, port: address.port },
    openConnections: () => sockets.size,
    async close(graceMs) {
      isClosing = true;
      const closed = once(http1, "close");
      http1.close();
      for (const session of sessions) drain(session);
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function tellHttp(bytes: Buffer): { value: "http1" | "http2"; take: number } | undefined {
  const begin = PREFACE.subarray(0, bytes.length);
  if (!bytes.subarray(0, begin.length).equals(begin)) return { value: "http1", take: 0 };
  return begin.length < PREFACE.length ? undefined : { value: "http2", take: 0 };
}

/**
 * Takes no new requests but those that are on their way: what the client has sent before it heard of the end comes
 * before its answer to a ping (RFC 9113, section 6.8).
 */
function drain(session: ServerHttp2Session): void {
  if (session.closed || session.destroyed) return;
  session.goaway(0, LAST_STREAM);
  session.ping(() => {
    if (!session.destroyed) session.close();
  });
}

const LAST_STREAM = 2 ** 31 - 1;
