import type { Socket } from "node:net";
import type { TcpRouter } from "../../src/table/tcp.ts";
import type { ClientHello } from "../tls/read-client-hello.ts";
import type { FoundRoute } from "./find-route.ts";
import type { ProxiedConnection } from "./proxy-header.ts";

/** Who takes the connections of an entry point that no TCP route takes: HTTP, which may have the same port. */
export interface Companion {
  /** Whether it speaks TLS, so that first bytes are looked at even where TCP has no TLS routes. */
  readonly takesTls: boolean;
  /** Whether a TLS connection is its own although this router of TCP takes it as well. */
  claims(hello: ClientHello, router: TcpRouter): boolean;
  /** Takes a connection, whose bytes are all still to be read. */
  take(socket: Socket, ends: ProxiedConnection, hello: ClientHello | undefined): void;
}

/** Whether a connection for which this was found is the companion's. */
export function isCompanions(route: FoundRoute, socket: Socket, companion: Companion): boolean {
  switch (route.outcome) {
    case "found":
      return route.hello !== undefined && !route.isPostgres && companion.claims(route.hello, route.router);
    case "no-route":
      return !route.isPostgres;
    case "silent":
      // One that began a ClientHello and stopped is nobody's.
      return socket.readableLength === 0;
    default:
      return false;
  }
}
