import { formatColumns, formatSpread } from "./format.ts";
import { type Compared, measureRelay } from "./relay.ts";
import type { Spread } from "./spread.ts";
import type { Figure, Suite } from "./suite.ts";

const GB = 1_000_000_000;

/** The relay's way of bytes and datagrams, against HAProxy and nginx. */
export const relaySuite: Suite = async ({ quick }) => {
  // No fewer connections in a quick run: the rounds before those that count are what compiles the relay's code.
  const { bulk, pingpong, connect, udp, idle } = await measureRelay(
    quick
      ? { rounds: 4, bytes: GB, exchanges: 20_000, connections: 5_000, datagrams: 30_000 }
      : { rounds: 12, bytes: 2 * GB, exchanges: 50_000, connections: 5_000, datagrams: 60_000 },
  );
  const row = (name: string, { relay, peer, ratio }: Compared, unit: number, digits: number): string[] => [
    name,
    formatSpread(scale(relay, unit), digits),
    formatSpread(scale(peer, unit), digits),
    formatSpread(ratio, 3),
  ];
  const lines = formatColumns([
    ["carried by the relay", "CPU of the relay", "of HAProxy, nginx", "ratio"],
    row("a GB in bulk, ms", bulk, GB / 1000, 0),
    row("1 KiB there and back, us", pingpong, 1, 1),
    row("a connection for one message, us", connect, 1, 1),
    row("a datagram there and back, us", udp, 1, 1),
  ]);
  lines.push(
    `${udp.lost} of ${udp.sent} datagrams were lost at 30,000 a second (nginx: ${udp.peerLost})`,
    `${idle.after.toFixed(0)} MiB with 10,000 idle connections (by ${idle.connections} of them), ${idle.before.toFixed(0)} without`,
  );
  return {
    lines,
    figures: {
      "relay.bulk_vs_haproxy": figure(bulk, 0.75),
      "relay.pingpong_vs_haproxy": figure(pingpong, 0.75),
      "relay.connect_vs_haproxy": figure(connect, 0.55),
      "relay.udp_vs_nginx": figure(udp, 0.75),
      "relay.udp_lost_at_30k": { value: udp.lost, atMost: 0 },
      "relay.idle10k_mib": { value: idle.after, atMost: 250 },
    },
  };
};

const scale = ({ median, low, high }: Spread, by: number): Spread => ({
  median: median * by,
  low: low * by,
  high: high * by,
});

const figure = ({ ratio }: Compared, atLeast: number): Figure => ({ value: ratio.median, spread: ratio, atLeast });
