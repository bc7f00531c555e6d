import type { Socket } from "node:net";
import type { TcpRouter } from "../../src/table/tcp.ts";
import type { ClientHello } from "../tls/read-client-hello.ts";
import type { ConnectionRoutes } from "./connection-routes.ts";
import { peek } from "./peek.ts";
import { type Opening, readFirstBytes } from "./read-first-bytes.ts";

/** Why a connection gets no route. */
type Unreadable = "silent" | "left" | "malformed-hello";

export type FoundRoute =
  | { outcome: Unreadable }
  | { outcome: "no-route"; hello?: ClientHello; isPostgres: boolean }
  | {
      outcome: "found";
      router: TcpRouter;
      /** Set when the client speaks TLS. */
      hello?: ClientHello;
      /** PostgreSQL's question whether TLS may begin was answered for the endpoint. */
      isPostgres: boolean;
    };

export interface FindRouteOptions {
  clientAddress: string;
  /** Milliseconds to wait for a first byte where plain routes are too: after that the server may speak first. */
  serverFirstWaitMs: number;
  /** Milliseconds for a ClientHello to be complete. */
  helloTimeoutMs: number;
  /** Whether first bytes are looked at where TCP has no TLS routes, since someone else has. */
  looksForTls?: boolean;
}

/**
 * Finds a connection's route by as little as is needed: where an entry point has no TLS routes, at once and without
 * reading a byte, so that servers that speak first (MySQL, SMTP) are not waited for.
 */
export async function findRoute(
  socket: Socket,
  routes: ConnectionRoutes,
  options: FindRouteOptions,
): Promise<FoundRoute> {
  const { clientAddress, serverFirstWaitMs, helloTimeoutMs, looksForTls = false } = options;
  const plain = (): FoundRoute => found(routes.matchPlain(clientAddress));
  if (!routes.hasTls && !looksForTls) return plain();

  const first = await peek(socket, routes.hasPlain ? serverFirstWaitMs : helloTimeoutMs, () => ({
    value: true,
    take: 0,
  }));
  if (first.outcome === "ended") return { outcome: "left" };
  if (first.outcome === "silent") return routes.hasPlain ? plain() : { outcome: "silent" };

  const answered = new Set<Opening["protocol"]>();
  for (;;) {
    const opening = await readOpening(socket, helloTimeoutMs);
    switch (opening.protocol) {
      case "silent":
        return { outcome: "silent" };
      case "ended":
        return { outcome: "left" };
      case "malformed":
        return { outcome: "malformed-hello" };
      case "plain":
        return answered.has("postgres-tls") ? { outcome: "malformed-hello" } : plain();
      case "postgres-gss":
      case "postgres-tls":
        // Whoever asks a second time wants to keep the connection waiting.
        if (answered.has(opening.protocol)) return { outcome: "malformed-hello" };
        answered.add(opening.protocol);
        socket.write(opening.protocol === "postgres-tls" ? "S" : "N");
        break;
      case "tls": {
        const router = routes.matchTls({ ...opening.hello, clientAddress });
        return found(router, opening.hello, answered.has("postgres-tls"));
      }
    }
  }
}

async function readOpening(socket: Socket, timeoutMs: number): Promise<Opening | { protocol: "silent" | "ended" }> {
  const peeked = await peek(socket, timeoutMs, readFirstBytes);
  return peeked.outcome === "read" ? peeked.value : { protocol: peeked.outcome };
}

const found = (router: TcpRouter | undefined, hello?: ClientHello, isPostgres = false): FoundRoute =>
  router === undefined
    ? { outcome: "no-route", isPostgres, ...(hello && { hello }) }
    : { outcome: "found", router, isPostgres, ...(hello && { hello }) };
