import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { emptyTable } from "../../../src/table/empty-table.ts";
import { closeAll, echo, exchange, open, read, startPod } from "../tcp/tcp-harness.ts";
import { closePrograms, relayFolder, runFeed, runRelay } from "./relay-program.ts";
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
} from "./streams-harness.ts";

afterEach(async () => {
  await closePrograms();
  await closeStreams();
  await closeAll();
});

const both = (tcp: number[], udp: number[]) => {
  const [one, other] = [carryTo(tcp), datagramsTo(udp)];
  return {
    ...emptyTable(),
    ...one,
    relayEntryPoints: { ...one.relayEntryPoints, ...other.relayEntryPoints },
    relayEndpoints: { ...one.relayEndpoints, ...other.relayEndpoints },
    udpRouters: other.udpRouters,
    udpServices: other.udpServices,
  };
};

describe("sluice relay", () => {
  it("carries TCP and UDP by what the feed says, and counts them", async () => {
    const feed = await runFeed();
    const relay = await runRelay(await relayFolder(), "--feed", feed.url, "--access-log");
    feed.serve(both([await startPod(echo("pod"))], [await startUdpPod("pod")]));
    expect(await exchange(await relay.port("tcp"), "hello")).toBe("pod:hello");
    expect(await askUdp(await relay.port("dns"), "hello")).toBe("pod:hello");
    expect(await relay.line(({ msg }) => msg === "connection")).toMatchObject({
      entryPoint: "tcp",
      service: "db",
      clientAddress: "127.0.0.1",
      target: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      outcome: "carried",
      bytesIn: 5,
      bytesOut: 9,
      durationMs: expect.any(Number),
    });
    const metrics = await relay.metrics();
    const route = 'entrypoint="tcp",router="HostSNI(`*`) db",service="db"';
    for (const line of [
      `sluice_tcp_connections_total{${route}} 1`,
      `sluice_tcp_open_connections{${route}} 0`,
      `sluice_tcp_received_bytes_total{${route}} 5`,
      `sluice_tcp_sent_bytes_total{${route}} 9`,
      `sluice_tcp_connection_seconds_count{${route}} 1`,
      'sluice_udp_received_bytes_total{entrypoint="dns",router="dns",service="dns"} 5',
      'sluice_relay_listening{entrypoint="dns",protocol="udp"} 1',
    ])
      expect(metrics).toContain(`${line}\n`);
  });

  it("logs no connection unless it is told to", async () => {
    const feed = await runFeed();
    const relay = await runRelay(await relayFolder(), "--feed", feed.url);
    feed.serve(carryTo([await startPod(echo("pod"))]));
    expect(await exchange(await relay.port("tcp"), "hello")).toBe("pod:hello");
    relay.child.kill("SIGTERM");
    expect(await relay.exit).toEqual([0, null]);
    expect(relay.lines.map(({ msg }) => msg)).not.toContain("connection");
  });

  it("listens where it is told instead", async () => {
    const feed = await runFeed();
    const relay = await runRelay(await relayFolder(), "--feed", feed.url, "--stream-address", "tcp=127.0.0.1:0");
    feed.serve(carryTo([await startPod(echo("pod"))], tcpAt(1)));
    const port = await relay.port("tcp");
    expect(port).toBeGreaterThan(1);
    expect(await exchange(port, "hello")).toBe("pod:hello");
  });

  it("says where it cannot listen, and runs", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as { port: number };
    const feed = await runFeed();
    const relay = await runRelay(await relayFolder(), "--feed", feed.url);
    feed.serve(carryTo([await startPod(echo("pod"))], tcpAt(port)));
    expect(await relay.line(({ level }) => level === "warn")).toMatchObject({
      entryPoint: "tcp",
      port,
      reason: expect.stringContaining("EADDRINUSE"),
    });
    expect((await relay.ask("/readyz")).status).toBe(200);
    expect(await relay.metrics()).toContain('sluice_relay_listening{entrypoint="tcp",protocol="tcp"} 0\n');
    blocker.close();
    expect(await exchange(await relay.port("tcp"), "hello")).toBe("pod:hello");
  });

  it("lets connections end when it is told to stop, and takes no new ones", async () => {
    const feed = await runFeed();
    const relay = await runRelay(await relayFolder(), "--feed", feed.url, "--grace", "60s");
    feed.serve(carryTo([await startPod(echo("pod"))]));
    const port = await relay.port("tcp");
    const connection = await open(port);
    expect(await read(connection, 4)).toBe("pod:");
    relay.child.kill("SIGTERM");
    await relay.line(({ msg }) => msg === "stopping");
    expect((await relay.ask("/readyz")).status).toBe(503);
    await expect.poll(() => refuses(port), soon).toBe(true);
    connection.end("late");
    expect(await read(connection)).toBe("late");
    expect(await relay.exit).toEqual([0, null]);
  });

  it("ends those that do not end in time", async () => {
    const feed = await runFeed();
    const relay = await runRelay(await relayFolder(), "--feed", feed.url, "--grace", "50ms");
    feed.serve(carryTo([await startPod(echo("pod"))]));
    const connection = await open(await relay.port("tcp"));
    expect(await read(connection, 4)).toBe("pod:");
    relay.child.kill("SIGTERM");
    expect(await read(connection)).toBe("");
    expect(await relay.exit).toEqual([0, null]);
  });

  it("starts from its file when it was killed and no agent is there; nobody else may read it", async () => {
    const feed = await runFeed();
    const dir = await relayFolder();
    const cache = join(dir, "table.json");
    const key = "marker of a private key";
    feed.serve({
      ...carryTo([await startPod(echo("pod"))]),
      certificates: { "default-tls": { certificate: "", key } },
    });
    const first = await runRelay(dir, "--feed", feed.url, "--cache", cache);
    await first.port("tcp");
    await expect.poll(() => existsSync(cache), soon).toBe(true);
    expect(statSync(cache).mode & 0o777).toBe(0o600);
    first.child.kill("SIGKILL");
    await first.exit;
    await feed.close();
    const second = await runRelay(dir, "--feed", "http://127.0.0.1:1", "--cache", cache);
    expect(await exchange(await second.port("tcp"), "hello")).toBe("pod:hello");
    expect(JSON.stringify([...first.lines, ...second.lines])).not.toContain(key);
  });

  it("goes on by its table when the agent is gone", async () => {
    const feed = await runFeed();
    const relay = await runRelay(await relayFolder(), "--feed", feed.url);
    feed.serve(tableOf(carryTo([await startPod(echo("pod"))])));
    const port = await relay.port("tcp");
    await feed.close();
    await relay.line(({ msg }) => String(msg).startsWith("the feed of"));
    expect(await exchange(port, "hello")).toBe("pod:hello");
  });
});
