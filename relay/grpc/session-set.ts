import type { IncomingHttpHeaders } from "node:http2";
import { constants, createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { RelayEntryPoint } from "../../src/table/entry-point.ts";
import type { CallConnection } from "./handle-call.ts";

export interface SessionSetOptions {
  /** Takes each stream of a connection. */
  take: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: CallConnection) => void;
  /** What the entry point of a connection says of it. */
  limitsOf?: (entryPoint: string) => ConnectionLimits | undefined;
  /** Milliseconds on a clock that never goes back. */
  now?: () => number;
}

type ConnectionLimits = Pick<RelayEntryPoint, "idleTimeoutMs" | "keepAliveMaxRequests" | "keepAliveMaxMs">;

/** Calls that a connection may carry at a time; clients wait with the others. */
const MAX_STREAMS = 1_024;
const MAX_HEADER_BYTES = 64 * 1024;
/** What a connection may hold in memory, in MiB. */
const MAX_SESSION_MEMORY = 64;
/** For HTTP/2 to begin. */
const PREFACE_TIMEOUT_MS = 10_000;
/** A connection without calls is ended after so long, and gives a ping the time to be answered. */
const IDLE_TIMEOUT_MS = 10 * 60_000;
/** How much a client may send ahead, in bytes: on a stream, and on all of a connection. */
const STREAM_WINDOW = 256 * 1024;
const CONNECTION_WINDOW = 4 * 1024 * 1024;
/** How long a client may take to learn that its connection ends. */
const NOTICE_MS = 1_000;

/** The HTTP/2 connections of clients. */
export class SessionSet {
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  /** The connection that is being made a session of: that happens at once. */
  #incoming: CallConnection | undefined;
  #isDraining = false;
  #streams = 0;
  #whenEmpty: (() => void)[] = [];

  constructor({ take, limitsOf = () => undefined, now = () => performance.now() }: SessionSetOptions) {
    this.#server = createServer({
      maxSessionMemory: MAX_SESSION_MEMORY,
      settings: {
        maxConcurrentStreams: MAX_STREAMS,
        maxHeaderListSize: MAX_HEADER_BYTES,
        initialWindowSize: STREAM_WINDOW,
        enablePush: false,
      },
    });
    this.#server.on("sessionError", () => {});
    this.#server.on("session", (session) => {
      const connection = this.#incoming;
      if (connection === undefined) return session.destroy();
      this.#open(session, limitsOf(connection.entryPoint) ?? {}, now);
      session.on("stream", (stream, headers) => {
        this.#streams++;
        stream.once("close", () => this.#streams--);
        take(stream, headers, connection);
      });
    });
  }

  /** Speaks HTTP/2 over a connection, the bytes of which are all still to be read. */
  serve(socket: Socket, connection: CallConnection): void {
    // Who ends its side of HTTP/2 has ended it all.
    socket.allowHalfOpen = false;
    this.#incoming = connection;
    this.#server.emit("connection", socket);
    this.#incoming = undefined;
  }

  get connections(): number {
    return this.#sessions.size;
  }

  get openCalls(): number {
    return this.#streams;
  }

  /** Lets connections end with the calls that are under way. */
  drain(): void {
    this.#isDraining = true;
    for (const session of this.#sessions) endSoon(session);
  }

  /** Drains, waits so long at most, then ends everything. */
  async close(graceMs: number): Promise<void> {
    this.drain();
    if (this.#sessions.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#whenEmpty.push(resolve);
        timer = setTimeout(resolve, graceMs);
      });
      clearTimeout(timer);
    }
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
  }

  #open(session: ServerHttp2Session, limits: ConnectionLimits, now: () => number): void {
    const { idleTimeoutMs = IDLE_TIMEOUT_MS, keepAliveMaxRequests = 0, keepAliveMaxMs = 0 } = limits;
    const opened = now();
    this.#sessions.add(session);
    session.on("error", () => {});
    const preface = setTimeout(() => session.destroy(), PREFACE_TIMEOUT_MS);
    session.once("remoteSettings", () => {
      clearTimeout(preface);
      session.setLocalWindowSize(CONNECTION_WINDOW);
    });
    let [streams, taken, isEnding] = [0, 0, false];
    session.setTimeout(idleTimeoutMs);
    session.on("timeout", () => {
      if (streams === 0) session.close();
    });
    session.on("stream", (stream) => {
      streams++;
      taken++;
      const isOver = taken === keepAliveMaxRequests || (keepAliveMaxMs > 0 && now() - opened >= keepAliveMaxMs);
      if (isOver && !isEnding) {
        isEnding = true;
        endSoon(session);
      }
      stream.once("close", () => {
        streams--;
        // The time may have run out while there was a call.
        if (streams === 0 && !session.destroyed) session.setTimeout(idleTimeoutMs);
      });
    });
    session.once("close", () => {
      clearTimeout(preface);
      this.#sessions.delete(session);
      if (this.#sessions.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
    });
    if (this.#isDraining) endSoon(session);
  }
}

/** Tells the client before no call is taken any more, so that none is lost on its way (RFC 9113, section 6.8). */
function endSoon(session: ServerHttp2Session): void {
  if (session.closed || session.destroyed) return;
  session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
  const close = (): void => {
    clearTimeout(timer);
    if (!session.destroyed) session.close();
  };
  const timer = setTimeout(close, NOTICE_MS);
  if (!session.ping(close)) close();
}
