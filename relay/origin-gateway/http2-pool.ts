import { Pool } from "undici";
import type { Connection, ConnectionPool } from "./connection.ts";

/** HTTP/2 connections to one target, many requests on each. */
export class Http2Pool implements ConnectionPool {
  readonly #pool: Pool;
  readonly #connection: Connection;

  constructor(origin: string, options: Pool.Options) {
    const dispatcher = new Pool(origin, options);
    this.#pool = dispatcher;
    this.#connection = { dispatcher, isReused: false, release: () => {} };
  }

  take(): Connection {
    return this.#connection;
  }

  closeIdle(): void {}

  retire(): void {
    void this.#pool.close();
  }

  destroy(): Promise<void> {
    return this.#pool.destroy();
  }
}
