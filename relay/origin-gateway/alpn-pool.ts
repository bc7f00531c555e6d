import type { buildConnector } from "undici";
import type { Connection, ConnectionNeed, ConnectionPool } from "./connection.ts";
import type { Http1Pool } from "./http1-pool.ts";
import type { Http2Pool } from "./http2-pool.ts";
import { failRequest } from "./http2-request.ts";

/**
 * Connections over TLS to one target, which says by ALPN (RFC 7301) on the first of them whether it speaks HTTP/2. It is
 * believed until there are other settings for it.
 */
export class AlpnPool implements ConnectionPool {
  readonly #origin: URL;
  readonly #connector: buildConnector.connector;
  readonly #http1: Http1Pool;
  readonly #http2: Http2Pool;
  #agreed: ConnectionPool | undefined;
  #asking: Promise<ConnectionPool> | undefined;

  /** @param connector offers both protocols */
  constructor(origin: string, connector: buildConnector.connector, http1: Http1Pool, http2: Http2Pool) {
    this.#origin = new URL(origin);
    this.#connector = connector;
    this.#http1 = http1;
    this.#http2 = http2;
  }

  take(need: ConnectionNeed): Connection {
    if (this.#agreed !== undefined) return this.#agreed.take(need);
    let inner: Connection | undefined;
    let isReleased = false;
    return {
      dispatcher: {
        dispatch: (request, handler) => {
          this.#asking ??= this.#ask();
          this.#asking.then(
            (pool) => {
              if (isReleased) return;
              inner = pool.take(need);
              inner.dispatcher.dispatch(request, handler);
            },
            (error: Error) => failRequest(handler, error),
          );
        },
      },
      get isReused() {
        return inner?.isReused ?? false;
      },
      release: (isReusable) => {
        isReleased = true;
        inner?.release(isReusable);
      },
    };
  }

  closeIdle(): void {
    this.#http1.closeIdle();
    this.#http2.closeIdle();
  }

  retire(): void {
    this.#http1.retire();
    this.#http2.retire();
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#http1.destroy(), this.#http2.destroy()]);
  }

  /** All requests that come meanwhile wait for one answer, and one of them gets its connection. */
  async #ask(): Promise<ConnectionPool> {
    try {
      const { protocol, hostname, host, port } = this.#origin;
      const target = { protocol, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), host, port };
      const socket = await new Promise<Parameters<Http1Pool["adopt"]>[0]>((resolve, reject) => {
        this.#connector(target, (error, connected) => {
          if (error !== null || !connected) reject(error ?? new Error("there is no connection"));
          else resolve(connected);
        });
      });
      const pool = "alpnProtocol" in socket && socket.alpnProtocol === "h2" ? this.#http2 : this.#http1;
      pool.adopt(socket);
      this.#agreed = pool;
      return pool;
    } finally {
      this.#asking = undefined;
    }
  }
}
