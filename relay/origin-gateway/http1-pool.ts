import type { Socket } from "node:net";
import { Client, type Dispatcher } from "undici";
import { watched } from "./connect-options.ts";
import type { Connection, ConnectionNeed, ConnectionPool } from "./connection.ts";

/**
 * HTTP/1.1 connections to one target, a request at a time on each. The one that was used last is taken first, so that
 * those beyond what the load needs grow idle and close.
 */
export class Http1Pool implements ConnectionPool {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #maxIdle: number;
  readonly #now: () => number;
  readonly #all = new Set<PooledClient>();
  readonly #idle: PooledClient[] = [];
  #isRetired = false;

  /** @param now milliseconds */
  constructor(origin: string, options: Client.Options, maxIdle: number, now: () => number) {
    this.#origin = origin;
    this.#options = options;
    this.#maxIdle = maxIdle;
    this.#now = now;
  }

  take({ maxIdleMs, watchMs }: ConnectionNeed): Connection {
    const youngest = this.#idle.at(-1);
    const isYoungEnough = youngest !== undefined && maxIdleMs > 0 && this.#now() - youngest.idleSince <= maxIdleMs;
    return (isYoungEnough ? this.#idle.pop() : undefined) ?? this.#create(watchMs);
  }

  /** Takes over a connection that no request has used. */
  adopt(socket: Socket): void {
    const { connect } = this.#options;
    let adopted: Socket | undefined = socket;
    const pooled = this.#create(0, (target, callback) => {
      const own = adopted;
      adopted = undefined;
      // Later: a client that is told at once does not notice.
      if (own !== undefined && !own.destroyed) queueMicrotask(() => callback(null, own));
      else if (typeof connect === "function") connect(target, callback);
      else callback(new Error("there is no connection"), null);
    });
    socket.on("error", () => {});
    pooled.release(true);
    pooled.isReused = false;
    // It is taken at once by whom it was made for. If they have gone, or nothing is kept, nobody would see it end: its
    // client knows of it from its first request on.
    setImmediate(() => {
      if (adopted === undefined) return;
      adopted.destroy();
      const place = this.#idle.indexOf(pooled);
      if (place === -1) return;
      this.#idle.splice(place, 1);
      this.#drop(pooled);
    });
  }

  closeIdle(): void {
    for (const pooled of this.#idle.splice(0)) this.#drop(pooled);
  }

  retire(): void {
    this.#isRetired = true;
    this.closeIdle();
  }

  async destroy(): Promise<void> {
    this.#isRetired = true;
    this.#idle.length = 0;
    await Promise.all([...this.#all].map(({ client }) => client.destroy()));
    this.#all.clear();
  }

  #create(watchMs: number, connect = this.#options.connect): PooledClient {
    const options = { ...this.#options, ...(connect !== undefined && { connect }) };
    const client = new Client(this.#origin, watchMs > 0 ? { ...options, ...watched(options, watchMs) } : options);
    const pooled: PooledClient = {
      client,
      dispatcher: {
        dispatch: (request, handler) => {
          // The connection's name for TLS is its pool's affair; any constant keeps it from following Host.
          request.servername = "pod";
          // The cast: the client takes iterables as bodies and `servername`, which its types leave out.
          client.dispatch(request as Dispatcher.DispatchOptions, handler);
        },
      },
      isReused: false,
      idleSince: 0,
      release: (isReusable) => {
        if (!isReusable || this.#isRetired || this.#idle.length >= this.#maxIdle) return this.#drop(pooled);
        pooled.isReused = true;
        pooled.idleSince = this.#now();
        this.#idle.push(pooled);
      },
    };
    // A client that finds its connection closed dials anew.
    client.on("connect", () => {
      pooled.isReused = false;
    });
    client.on("disconnect", () => {
      const place = this.#idle.indexOf(pooled);
      if (place === -1) return;
      this.#idle.splice(place, 1);
      this.#drop(pooled);
    });
    this.#all.add(pooled);
    return pooled;
  }

  /** At once, not when what it carries is done: an attempt that was given up may still be dialling. */
  #drop(pooled: PooledClient): void {
    this.#all.delete(pooled);
    void pooled.client.destroy();
  }
}

interface PooledClient extends Connection {
  readonly client: Client;
  isReused: boolean;
  idleSince: number;
}
