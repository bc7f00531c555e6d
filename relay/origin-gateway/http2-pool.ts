import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import type { Socket } from "node:net";
import type { buildConnector, Dispatcher } from "undici";
import type { Connection, ConnectionNeed, ConnectionPool, PodDispatch } from "./connection.ts";
import { failRequest, sendHttp2 } from "./http2-request.ts";

export interface Http2Options {
  connector: buildConnector.connector;
  /** A connection without streams is kept for so long, in milliseconds. */
  idleTimeoutMs: number;
  /** After so long without a frame the Pod is asked for a sign of life, in milliseconds. 0: never. */
  readIdleTimeoutMs: number;
  /** It has so long for it, in milliseconds. */
  pingTimeoutMs: number;
}

/** Until a Pod says how many it takes at a time. */
const STREAMS_AT_FIRST = 100;
/** More requests than this on one connection delay each other by its congestion. */
const MAX_STREAMS = 250;
/**
 * What a connection may hold in memory, in MiB: more than so many streams do whose Pod does not read. Beyond it no answer
 * would be taken, not even of others.
 */
const MAX_SESSION_MEMORY = 64;
/** What is taken, and may be sent, over HTTP/1.1. */
const MAX_HEADER_BYTES = 256 * 1024;
const MAX_HEADER_LINES = 2_000;

const SESSION_OPTIONS = {
  maxSessionMemory: MAX_SESSION_MEMORY,
  maxHeaderListPairs: MAX_HEADER_LINES,
  maxSendHeaderBlockLength: MAX_HEADER_BYTES,
  // Lines go on as they came, several of a name that should have one included: over HTTP/1.1 they do.
  strictSingleValueFields: false,
  settings: { enablePush: false, maxHeaderListSize: MAX_HEADER_BYTES },
};

interface PodSession {
  session: ClientHttp2Session;
  streams: number;
  maxStreams: number;
  /** Whether a stream of it was answered. */
  isReused: boolean;
  /** Ends it when it has no streams; begun anew each time that it has none. */
  idleTimer: NodeJS.Timeout;
}

/** HTTP/2 connections to one target, many requests on each. */
export class Http2Pool implements ConnectionPool {
  readonly #origin: URL;
  readonly #options: Http2Options;
  readonly #sessions = new Set<PodSession>();
  /** Requests that one connection to come will carry. */
  readonly #dialling: { waiting: number; ready: Promise<PodSession> }[] = [];
  #isRetired = false;
  #isDestroyed = false;

  constructor(origin: string, options: Http2Options) {
    this.#origin = new URL(origin);
    this.#options = options;
  }

  take({ maxIdleMs }: ConnectionNeed): Connection {
    let used: PodSession | undefined;
    let isReused = false;
    let isGivenUp = false;
    return {
      dispatcher: {
        dispatch: (request, handler) => {
          const known = maxIdleMs > 0 ? this.#find() : undefined;
          isReused = known?.isReused ?? false;
          if (known !== undefined) {
            used = known;
            return this.#send(known, request, handler);
          }
          this.#dial(maxIdleMs > 0).then(
            (fresh) => {
              if (isGivenUp) return;
              used = fresh;
              this.#send(fresh, request, handler);
            },
            (error: Error) => failRequest(handler, error),
          );
        },
      },
      get isReused() {
        return isReused;
      },
      release: (isReusable) => {
        isGivenUp = true;
        if (used === undefined) return;
        if (isReusable) used.isReused = true;
        if (this.#isRetired) used.session.close();
      },
    };
  }

  /** Takes over a connection on which both have agreed to speak HTTP/2. */
  adopt(socket: Socket): void {
    if (this.#isDestroyed) socket.destroy();
    else this.#open(socket);
  }

  closeIdle(): void {
    for (const { session, streams } of this.#sessions) if (streams === 0) session.close();
  }

  retire(): void {
    this.#isRetired = true;
    for (const { session } of this.#sessions) session.close();
  }

  async destroy(): Promise<void> {
    this.#isRetired = true;
    this.#isDestroyed = true;
    for (const { session } of this.#sessions) session.destroy();
  }

  #find(): PodSession | undefined {
    for (const one of this.#sessions) {
      const { session, streams, maxStreams } = one;
      if (!session.closed && !session.destroyed && streams < maxStreams) return one;
    }
    return undefined;
  }

  /** @param isShared whether one that is being dialled for other requests will do */
  #dial(isShared: boolean): Promise<PodSession> {
    const shared = isShared ? this.#dialling.find(({ waiting }) => waiting < STREAMS_AT_FIRST) : undefined;
    if (shared !== undefined) {
      shared.waiting++;
      return shared.ready;
    }
    const dialled = { waiting: isShared ? 1 : STREAMS_AT_FIRST, ready: this.#connect() };
    this.#dialling.push(dialled);
    const forget = (): void => void this.#dialling.splice(this.#dialling.indexOf(dialled), 1);
    dialled.ready.then(forget, forget);
    return dialled.ready;
  }

  #connect(): Promise<PodSession> {
    const { protocol, hostname, host, port } = this.#origin;
    return new Promise((resolve, reject) => {
      const target = { protocol, hostname: unbracketed(hostname), host, port };
      this.#options.connector(target, (error, socket) => {
        if (error !== null || !socket) return reject(error ?? new Error("there is no connection"));
        const agreed = protocol === "https:" && "alpnProtocol" in socket ? socket.alpnProtocol : "h2";
        if (agreed !== "h2" || this.#isDestroyed) {
          socket.destroy();
          return reject(new Error("the Pod does not speak HTTP/2"));
        }
        resolve(this.#open(socket));
      });
    });
  }

  #open(socket: Socket): PodSession {
    // A Pod that ends its side has ended the connection: its streams would wait for ever otherwise.
    socket.allowHalfOpen = false;
    const session = connectHttp2(this.#origin, { ...SESSION_OPTIONS, createConnection: () => socket });
    const endIdle = (): void => {
      if (opened.streams === 0) session.close();
    };
    // Whoever waited for it has it by then.
    const idleTimeoutMs = this.#isRetired ? 0 : this.#options.idleTimeoutMs;
    const idleTimer = setTimeout(endIdle, idleTimeoutMs).unref();
    const opened: PodSession = { session, streams: 0, maxStreams: STREAMS_AT_FIRST, isReused: false, idleTimer };
    this.#sessions.add(opened);
    session.on("remoteSettings", ({ maxConcurrentStreams = STREAMS_AT_FIRST }) => {
      opened.maxStreams = Math.min(maxConcurrentStreams, MAX_STREAMS);
    });
    session.on("error", () => {});
    session.once("close", () => {
      clearTimeout(idleTimer);
      this.#sessions.delete(opened);
    });
    const { readIdleTimeoutMs } = this.#options;
    if (readIdleTimeoutMs > 0) {
      session.setTimeout(readIdleTimeoutMs);
      session.on("timeout", () => this.#probe(session));
    }
    return opened;
  }

  #send(to: PodSession, request: PodDispatch, handler: Dispatcher.DispatchHandler): void {
    const stream = sendHttp2(to.session, request, this.#origin.protocol.slice(0, -1), handler);
    if (stream === undefined) return;
    to.streams++;
    stream.once("close", () => {
      to.streams--;
      if (to.streams === 0) to.idleTimer.refresh();
    });
  }

  #probe(session: ClientHttp2Session): void {
    if (session.closed || session.destroyed) return;
    // Without a code its streams would end as if they were whole.
    const timer = setTimeout(
      () => session.destroy(new Error("the Pod shows no sign of life"), constants.NGHTTP2_CANCEL),
      this.#options.pingTimeoutMs,
    );
    session.once("close", () => clearTimeout(timer));
    session.ping(() => {
      clearTimeout(timer);
      // Its own timer has run out, and only what moves would begin it anew.
      if (!session.destroyed) session.setTimeout(this.#options.readIdleTimeoutMs);
    });
  }
}

const unbracketed = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, "$1");
