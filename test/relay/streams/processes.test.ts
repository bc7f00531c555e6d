import { afterEach, describe, expect, it } from "vitest";
import { closeAll, echo, exchange, freePort, open, read, startPod } from "../tcp/tcp-harness.ts";
import { closePrograms, type RelayProgram, relayFolder, runFeed, runRelay } from "./relay-program.ts";
import {
  askUdp,
  carryTo,
  closeStreams,
  datagramsTo,
  refuses,
  soon,
  startUdpPod,
  tableOf,
  tcpAt,
  udpAt,
} from "./streams-harness.ts";

afterEach(async () => {
  await closePrograms();
  await closeStreams();
  await closeAll();
});

async function start(): Promise<RelayProgram & { tcp: number; dns: number }> {
  const feed = await runFeed();
  const [tcp, dns, gateway] = [await freePort(), await freePort(), await freePort()];
  const connections = carryTo([await startPod(echo("pod"))], tcpAt(tcp));
  const datagrams = datagramsTo([await startUdpPod("pod")], udpAt(dns));
  feed.serve(
    tableOf(connections, {
      relayEntryPoints: { ...connections.relayEntryPoints, ...datagrams.relayEntryPoints },
      relayEndpoints: { ...connections.relayEndpoints, ...datagrams.relayEndpoints },
      udpRouters: datagrams.udpRouters,
      udpServices: datagrams.udpServices,
    }),
  );
  const flags = ["--processes", "2", "--gateway", `127.0.0.1:${gateway}`, "--access-log", "--grace", "60s"];
  const relay = await runRelay(await relayFolder(), "--feed", feed.url, ...flags);
  await expect.poll(() => listening(relay), soon).toHaveLength(2);
  return { ...relay, tcp, dns };
}

const listening = ({ lines }: RelayProgram): unknown[] =>
  lines.filter(({ msg, entryPoint }) => msg === "listening" && entryPoint === "tcp").map(({ pid }) => pid);
const connections = async (relay: RelayProgram): Promise<number> =>
  Number(/^sluice_tcp_connections_total\{.*\} (\d+)$/m.exec(await relay.metrics())?.[1]);
const served = ({ lines }: RelayProgram): unknown[] =>
  lines.filter(({ msg }) => msg === "connection").map(({ pid }) => pid);

describe("several processes", () => {
  it("share a port, and answer as one", async () => {
    const relay = await start();
    const answers = await Promise.all(Array.from({ length: 60 }, () => exchange(relay.tcp, "hi")));
    expect(new Set(answers)).toEqual(new Set(["pod:hi"]));
    await expect.poll(() => served(relay), soon).toHaveLength(60);
    expect(new Set(served(relay))).toEqual(new Set(listening(relay)));
    expect(await askUdp(relay.dns, "hi")).toBe("pod:hi");
    expect((await relay.ask("/readyz")).status).toBe(200);
    const metrics = await relay.metrics();
    expect(metrics).toMatch(/^sluice_tcp_connections_total\{.*\} 60$/m);
    expect(metrics).toMatch(/^sluice_relay_feed_connected 1$/m);
    expect(metrics).toMatch(/^sluice_relay_listening\{entrypoint="dns".*\} 1$/m);
  });

  it("are replaced when one is killed, and end when the one that started them is", async () => {
    const relay = await start();
    const [victim] = listening(relay);
    await Promise.all(Array.from({ length: 60 }, () => exchange(relay.tcp, "hi")));
    await expect.poll(() => served(relay), soon).toHaveLength(60);
    expect(served(relay)).toContain(victim);
    expect(await connections(relay)).toBe(60);
    process.kill(Number(victim), "SIGKILL");
    await relay.line(({ msg, process: pid }) => String(msg).startsWith("a process has ended") && pid === victim);
    expect(await exchange(relay.tcp, "hi")).toBe("pod:hi");
    await expect.poll(() => listening(relay), soon).toHaveLength(3);
    expect((await relay.ask("/readyz")).status).toBe(200);
    // What the victim had counted still counts, or Prometheus would take the sum for one that began anew.
    expect(await connections(relay)).toBe(61);
    expect(await relay.metrics()).toContain("sluice_relay_listening");
    relay.child.kill("SIGKILL");
    await relay.exit;
    await expect.poll(() => refuses(relay.tcp), soon).toBe(true);
  });

  it("end together when it is told to stop, after what is open", async () => {
    const relay = await start();
    const connections = await Promise.all(Array.from({ length: 10 }, () => open(relay.tcp)));
    for (const connection of connections) expect(await read(connection, 4)).toBe("pod:");
    relay.child.kill("SIGTERM");
    await expect.poll(() => relay.lines.filter(({ msg }) => msg === "stopping"), soon).toHaveLength(3);
    for (const connection of connections) connection.end("late");
    for (const connection of connections) expect(await read(connection)).toBe("late");
    expect(await relay.exit).toEqual([0, null]);
  });
});
