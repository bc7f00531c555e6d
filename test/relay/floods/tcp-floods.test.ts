import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { defaultStreamSettings } from "../../../relay/streams/stream-settings.ts";
import { writeProxyHeader } from "../../../relay/tcp/proxy-header.ts";
import { closePrograms, relayFolder, runFeed, runRelay } from "../streams/relay-program.ts";
import { closeStreams, runStreams, soon, tableOf, tcpAt } from "../streams/streams-harness.ts";
import { closeAll, echo, exchange, router, service, startPod } from "../tcp/tcp-harness.ts";

afterEach(async () => {
  await closePrograms();
  await closeStreams();
  await closeAll();
});

/** A plain entry point `tcp`, and `tls`, where connections must name a host; one peer that is elsewhere is trusted there. */
const tableTo = (port: number) =>
  tableOf(
    {
      relayEntryPoints: { tcp: tcpAt(), tls: { ...tcpAt(), proxyProtocol: { trustedIps: ["198.51.100.7/32"] } } },
      tcpRouters: [
        router("HostSNI(`*`)", "db"),
        router("HostSNI(`a.example`)", "db", { entryPoints: ["tls"], tls: { passthrough: true } }),
      ],
    },
    service("db", [port]),
  );

const record = (body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x16, 3, 1, body.length >> 8, body.length & 255]), body]);

/** A ClientHello of 64 KiB, whose length is right, over as many records as that takes. */
const hugeHello = (): Buffer => helloOf(64 * 1024 - 1);

function helloOf(bytes: number): Buffer {
  const hello = Buffer.alloc(bytes, "x");
  hello.writeUInt32BE(hello.length - 4, 0);
  hello[0] = 1;
  const records: Buffer[] = [];
  for (let from = 0; from < hello.length; from += 16_384) records.push(record(hello.subarray(from, from + 16_384)));
  return Buffer.concat(records);
}

/** What clients begin with that mean no good, and how that is counted. */
const hostile: readonly (readonly [bytes: Buffer, reason: string])[] = [
  [hugeHello(), "malformed-hello"],
  [record(Buffer.from("garbage in a record")), "no-route"],
  [record(Buffer.from([1, 0, 0, 4, 9, 9, 9, 9])), "malformed-hello"],
  [Buffer.from("garbage\r\n\r\n"), "no-route"],
  [
    writeProxyHeader(1, {
      source: { address: "198.51.100.7", port: 1 },
      destination: { address: "203.0.113.1", port: 2 },
    }),
    "no-route",
  ],
  [
    writeProxyHeader(2, {
      source: { address: "198.51.100.7", port: 1 },
      destination: { address: "203.0.113.1", port: 2 },
    }),
    "no-route",
  ],
];

/** Sends, and resolves when the connection is closed by the other side. */
const visit = (port: number, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(bytes));
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.resume();
  });

const readValue = (metrics: string, name: string): number => {
  const line = metrics.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length));
};

const MIB = 1024 * 1024;
const BATCHES = 10;
/** Clients of each kind at once. */
const EACH = 40;

it("floods of hostile connections are refused, each counted by its reason; others are served, memory stays", async () => {
  const feed = await runFeed();
  const relay = await runRelay(await relayFolder(), "--feed", feed.url);
  let reached = 0;
  const port = await startPod((socket) => {
    reached += 1;
    echo("db")(socket);
  });
  feed.serve(tableTo(port));
  const [plain, tls] = [await relay.port("tcp"), await relay.port("tls")];
  const flood = () => Promise.all(hostile.flatMap(([bytes]) => Array.from({ length: EACH }, () => visit(tls, bytes))));
  await flood();
  const before = await relay.metrics();
  for (let batch = 1; batch <= BATCHES; batch++) {
    const [answer] = await Promise.all([exchange(plain, `${batch}`), flood()]);
    expect(answer).toBe(`db:${batch}`);
  }
  const expected = Map.groupBy(hostile, ([, reason]) => reason);
  for (const [reason, kinds] of expected) {
    const name = `sluice_tcp_refused_connections_total{entrypoint="tls",router="",service="",reason="${reason}"}`;
    expect([reason, readValue(await relay.metrics(), name)]).toEqual([reason, kinds.length * EACH * (BATCHES + 1)]);
  }
  expect(reached).toBe(BATCHES);
  const memory = "process_resident_memory_bytes";
  expect(readValue(await relay.metrics(), memory) - readValue(before, memory)).toBeLessThan(96 * MIB);
}, 30_000);

it("clients that send a byte of a ClientHello now and then are closed in time, and others served meanwhile", async () => {
  const streams = await runStreams(tableTo(await startPod(echo("db"))), {
    settings: { ...defaultStreamSettings, helloTimeoutMs: 300, serverFirstWaitMs: 50 },
  });
  const hello = helloOf(1024);
  const drip = (socket: Socket): NodeJS.Timeout => {
    let sent = 0;
    return setInterval(() => socket.writable && socket.write(hello.subarray(sent, ++sent)), 20);
  };
  const closed = Array.from(
    { length: 50 },
    () =>
      new Promise<void>((resolve) => {
        const socket = connect({ port: streams.port("tls"), host: "127.0.0.1" });
        const dripping = drip(socket);
        socket.on("error", () => {});
        socket.resume();
        socket.on("close", () => {
          clearInterval(dripping);
          resolve();
        });
      }),
  );
  expect(await exchange(streams.port("tcp"), "hello")).toBe("db:hello");
  await Promise.all(closed);
  await expect.poll(() => streams.observed.refusals, soon).toEqual(Array.from({ length: 50 }, () => "silent"));
});
