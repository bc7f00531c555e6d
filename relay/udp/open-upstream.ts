import { createSocket, type SocketOptions } from "node:dgram";
import { isIP, isIPv6 } from "node:net";
import { lookupName } from "../names/lookup-name.ts";
import type { Target } from "../origin-gateway/target.ts";
import { useConnected } from "./connected-datagrams.ts";
import type { ConnectedDatagrams } from "./datagrams.ts";

/** A session's way to its endpoint. */
export interface Upstream {
  /** @returns false when the datagram is dropped */
  send(datagram: Buffer): boolean;
  close(): void;
}

export interface UpstreamOptions {
  /** Takes what the endpoint answers, whose memory is used again after the call. */
  take: (datagram: Buffer) => void;
  /** The endpoint's name has no address; what waited for it is dropped. */
  failed: (dropped: number) => void;
  /** Whether by Node's handles. */
  isDirect: boolean;
}

/** For the answers to one client, while the event loop is busy. */
const BUFFER_BYTES = 1024 * 1024;
/** Datagrams that wait for the address of an endpoint's name. */
const MAX_WAITING = 16;

/**
 * Opens a socket of its own for a session, by which answers find their way back. A port that nobody listens on answers
 * by ICMP: the datagram is lost, as UDP may, and the session goes on.
 *
 * @returns undefined when the system has no more sockets
 */
export function openUpstream({ address, authority }: Target, options: UpstreamOptions): Upstream | undefined {
  const socket = createSocket({ type: isIPv6(address) ? "udp6" : "udp4", recvBufferSize: BUFFER_BYTES, lookup });
  let state: "binding" | "connecting" | "connected" | "failed" = "binding";
  let connected: ConnectedDatagrams | undefined;
  let waiting: Buffer[] = [];
  socket.on("error", () => {
    if (state === "connecting") options.failed(waiting.length);
    if (state !== "connected") state = "failed";
  });
  // This waits for nothing. A connect that has to bind first could, after an error, not be closed any more.
  socket.bind({ port: 0, exclusive: true });
  if (isFailed()) {
    socket.close();
    return undefined;
  }
  state = "connecting";
  socket.once("connect", () => {
    state = "connected";
    connected = useConnected(socket, options.take, options.isDirect);
    for (const datagram of waiting) connected.send(datagram);
    waiting = [];
  });
  socket.connect(Number(authority.slice(authority.lastIndexOf(":") + 1)), address);
  return {
    send(datagram) {
      if (connected !== undefined) return connected.send(datagram);
      if (state === "failed" || waiting.length >= MAX_WAITING) return false;
      waiting.push(datagram);
      return true;
    },
    close: () => void (connected ?? socket).close(),
  };

  function isFailed(): boolean {
    return state === "failed";
  }
}

/** Addresses need no looking up, which would cost each datagram a turn of the event loop; a name does. */
export const lookup: NonNullable<SocketOptions["lookup"]> = (name, options, done) => {
  const family = isIP(name);
  if (family !== 0) return done(null, name, family);
  lookupName(name, options, (error, address, found = 0) =>
    typeof address === "string" ? done(error, address, found) : done(error ?? noAddress(name), "", 0),
  );
};

const noAddress = (name: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${name} has no address`), { code: "ENOTFOUND" });
