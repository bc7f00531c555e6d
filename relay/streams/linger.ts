import { authorityOf, type Target } from "../origin-gateway/target.ts";
import type { StreamTable } from "../tcp/stream-table.ts";
import type { RoutedConnection } from "../tcp/tcp-listener.ts";

type Socket = RoutedConnection["socket"];

/** Ends connections some time after their endpoint has left the table. */
export interface Lingering {
  /** A connection goes to this target. */
  add(socket: Socket, target: Target): void;
  take(table: Pick<StreamTable, "relayEndpoints">): void;
  close(): void;
}

interface Connections {
  sockets: Set<Socket>;
  deadline: NodeJS.Timeout | undefined;
}

/** @param lingerMs how long such a connection may go on, in milliseconds */
export function createLingering(lingerMs: number): Lingering {
  const byAuthority = new Map<string, Connections>();
  let seen: StreamTable["relayEndpoints"] | undefined;
  return {
    add(socket, { authority }) {
      if (socket.destroyed) return;
      const connections = byAuthority.get(authority) ?? { sockets: new Set(), deadline: undefined };
      byAuthority.set(authority, connections);
      connections.sockets.add(socket);
      socket.once("close", () => {
        connections.sockets.delete(socket);
        if (connections.sockets.size > 0) return;
        clearTimeout(connections.deadline);
        if (byAuthority.get(authority) === connections) byAuthority.delete(authority);
      });
    },
    take({ relayEndpoints }) {
      if (relayEndpoints === seen) return;
      seen = relayEndpoints;
      const served = new Set(
        Object.values(relayEndpoints).flatMap(({ endpoints, clusterIp }) =>
          [...endpoints, ...(clusterIp ? [clusterIp] : [])].map(authorityOf),
        ),
      );
      for (const [authority, connections] of byAuthority) {
        if (served.has(authority)) {
          clearTimeout(connections.deadline);
          connections.deadline = undefined;
        } else connections.deadline ??= setTimeout(() => end(connections), lingerMs);
      }
    },
    close() {
      for (const { deadline } of byAuthority.values()) clearTimeout(deadline);
    },
  };
}

function end({ sockets }: Connections): void {
  for (const socket of sockets) socket.destroy();
}
