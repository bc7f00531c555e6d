import { readFileSync } from "node:fs";

/** What the system knows of a socket (Linux, Documentation/networking/proc_net_tcp.rst). */
interface TcpLine {
  /** Of a listener: connections that nobody has accepted yet. */
  queue: number;
  timer: "none" | "retransmit" | "keep-alive" | "other";
}

const TIMERS: readonly TcpLine["timer"][] = ["none", "retransmit", "keep-alive"];

/**
 * The socket of IPv4 at a local port.
 *
 * @param remote its peer's port, or the whole peer as the system writes it
 */
export function tcpLine(localPort: number, remote: number | string): TcpLine | undefined {
  const end = typeof remote === "number" ? hex(remote) : remote;
  for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n")) {
    const [, local, peer, , queues, timer] = line.trim().split(/\s+/);
    if (!local?.endsWith(hex(localPort)) || !peer?.endsWith(end)) continue;
    return {
      queue: Number.parseInt(queues?.split(":")[1] ?? "", 16),
      timer: TIMERS[Number.parseInt(timer ?? "", 16)] ?? "other",
    };
  }
  return undefined;
}

const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
