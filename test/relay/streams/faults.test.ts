import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { Table } from "../../../src/table/table.ts";
import {
  certificateFor,
  closeAll,
  echo,
  exchange,
  open,
  openTls,
  read,
  router,
  service,
  startPod,
} from "../tcp/tcp-harness.ts";
import { closePrograms, relayFolder, runFeed, runRelay } from "./relay-program.ts";
import {
  askUdp,
  carryTo,
  closeStreams,
  datagramsTo,
  refuses,
  runStreams,
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

const mirror = (socket: Socket): void => void socket.pipe(socket);

/** Sends random bytes round by round, and holds what comes back to them. @returns the rounds that it made */
async function pingPong(socket: Socket, isOver: () => boolean): Promise<number> {
  for (let rounds = 0; ; rounds++) {
    const sent = randomBytes(1 + Math.floor(Math.random() * 2_000)).toString("latin1");
    socket.write(sent, "latin1");
    if ((await read(socket, sent.length)) !== sent) throw new Error(`round ${rounds} did not come back`);
    if (isOver()) return rounds + 1;
  }
}

it("tables that change under load break no connection", async () => {
  const pods = await Promise.all(Array.from({ length: 3 }, () => startPod(mirror)));
  const certificate = await certificateFor("tls.example");
  const tableAt = (step: number): Table => {
    const ended = router("HostSNI(`tls.example`)", "db", { tls: { passthrough: false } });
    return tableOf(
      {
        relayEntryPoints: { tcp: tcpAt(), ...(step % 2 === 0 && { other: tcpAt() }) },
        tcpRouters: [
          router("HostSNI(`*`)", "db"),
          ended,
          router(`HostSNI(\`x${step}.example\`)`, "db", { tls: { passthrough: true }, entryPoints: ["tcp", "other"] }),
        ],
        certificates: { tls: { ...certificate, isDefault: step % 3 === 0 } },
        tcpMiddlewares: { limit: { type: "inFlightConn", amount: step + 1 } },
      },
      // The endpoint that some connections have comes and goes.
      service("db", step % 4 === 0 ? pods : pods.slice(step % 3), { terminationDelayMs: step }),
    );
  };
  // Whoever is late by the handshakes of others is not taken for one that waits for the server.
  const streams = await runStreams(tableAt(0), { settings: { ...quick, serverFirstWaitMs: 5_000 } });
  const port = streams.port("tcp");
  const connections = await Promise.all([
    ...Array.from({ length: 10 }, () => open(port)),
    ...Array.from({ length: 5 }, () => openTls(port, { servername: "tls.example" })),
  ]);
  let isOver = false;
  const load = Promise.all(connections.map((connection) => pingPong(connection, () => isOver)));
  for (let step = 1; step <= 100; step++) {
    streams.take(tableAt(step));
    await streams.settled();
    await new Promise(setImmediate);
  }
  isOver = true;
  for (const rounds of await load) expect(rounds).toBeGreaterThan(0);
  expect(streams.port("tcp")).toBe(port);
  expect(streams.observed.ends).toEqual([]);
});

const quick = {
  maxConnections: 1_000,
  maxSessions: 100,
  serverFirstWaitMs: 50,
  helloTimeoutMs: 5_000,
  handshakeTimeoutMs: 5_000,
  lingerMs: undefined,
  sharesPorts: false,
};

it("an endpoint that dies under load costs new connections nothing, although the table still has it", async () => {
  const healthy = await startPod(echo("healthy"));
  const open = new Set<Socket>();
  const dying = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket.on("error", () => {}));
    echo("dying")(socket);
  }).listen(0, "127.0.0.1");
  await once(dying, "listening");
  const { port: dyingPort } = dying.address() as { port: number };
  const streams = await runStreams(carryTo([healthy, dyingPort]));
  const port = streams.port("tcp");
  const ask = async (): Promise<string> => (await exchange(port, "hi")).replace(":hi", "");

  let isDead = false;
  const answers: { begunDead: boolean; answer: string }[] = [];
  const client = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) {
      const begunDead = isDead;
      answers.push({ begunDead, answer: await ask() });
      if (answers.length === 60) {
        dying.close();
        for (const socket of open) socket.destroy();
        isDead = true;
      }
    }
  };
  await Promise.all(Array.from({ length: 6 }, client));
  const after = answers.filter(({ begunDead }) => begunDead);
  expect(after.length).toBeGreaterThan(100);
  expect(new Set(after.map(({ answer }) => answer))).toEqual(new Set(["healthy"]));
  expect(new Set(answers.map(({ answer }) => answer))).toContain("dying");
});

it("kill -TERM under load loses no connection that ends in time", async () => {
  const feed = await runFeed();
  const relay = await runRelay(await relayFolder(), "--feed", feed.url, "--grace", "60s");
  feed.serve(carryTo([await startPod(mirror)]));
  const port = await relay.port("tcp");
  const connections = await Promise.all(Array.from({ length: 30 }, () => open(port)));
  let isOver = false;
  const load = Promise.all(connections.map((connection) => pingPong(connection, () => isOver)));
  relay.child.kill("SIGTERM");
  await relay.line(({ msg }) => msg === "stopping");
  await expect.poll(() => refuses(port), soon).toBe(true);
  isOver = true;
  await load;
  for (const connection of connections) connection.end("last words");
  const last = await Promise.all(connections.map((connection) => read(connection)));
  expect(new Set(last)).toEqual(new Set(["last words"]));
  expect(await relay.exit).toEqual([0, null]);
});

it("a table with much that is wrong carries what is right", async () => {
  const pod = await startPod(echo("pod"));
  const udpPod = await startUdpPod("udp");
  const right = carryTo([pod]);
  const datagrams = datagramsTo([udpPod]);
  const streams = await runStreams(
    tableOf(right, {
      relayEntryPoints: {
        ...right.relayEntryPoints,
        ...datagrams.relayEntryPoints,
        elsewhere: { protocol: "tcp", host: "192.0.2.1", port: 1 },
        nowhere: { protocol: "tcp", host: "not an address", port: 1 },
        proxied: { ...tcpAt(), proxyProtocol: { trustedIps: ["nonsense", "127.0.0.1/32"] } },
      },
      tcpRouters: [
        ...right.tcpRouters,
        router("HostSNI(`*`)", "missing", { entryPoints: ["elsewhere", "nowhere", "proxied", "unknown"] }),
        router("HostSNI(`a.example`)", "db", { tls: { passthrough: false, options: "missing" } }),
      ],
      udpRouters: [
        ...datagrams.udpRouters,
        { ...datagrams.udpRouters[0], name: "b", tieBreaker: "b", service: "gone" },
      ],
      udpServices: datagrams.udpServices,
      relayEndpoints: { ...right.relayEndpoints, ...datagrams.relayEndpoints },
      certificates: { broken: { certificate: "-----BEGIN CERTIFICATE-----", key: "" } },
    } as Partial<Table>),
  );
  expect(await exchange(streams.port("tcp"), "hi")).toBe("pod:hi");
  expect(await askUdp(streams.port("dns"), "hi")).toBe("udp:hi");
  expect(await exchange(streams.port("proxied"), "no header")).toBe("");
  expect(streams.status("elsewhere").reason).toContain("EADDRNOTAVAIL");
  expect(streams.status("nowhere").reason).toBeDefined();
});
