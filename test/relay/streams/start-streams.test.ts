import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { defaultStreamSettings } from "../../../relay/streams/stream-settings.ts";
import { writeProxyHeader } from "../../../relay/tcp/proxy-header.ts";
import { closeAll, echo, exchange, freePort, open, read, router, service, startPod } from "../tcp/tcp-harness.ts";
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
  udpAt,
} from "./streams-harness.ts";

afterEach(async () => {
  await closeStreams();
  await closeAll();
});

describe("entry points", () => {
  it("listen when a router comes to them, and no longer when it goes", async () => {
    const pod = await startPod(echo("pod"));
    const streams = await runStreams(tableOf({ relayEntryPoints: { tcp: tcpAt() } }));
    expect(streams.listeners()).toEqual([]);
    streams.take(carryTo([pod]));
    await streams.settled();
    const port = streams.port("tcp");
    expect(await exchange(port, "hi")).toBe("pod:hi");
    streams.take(tableOf({ relayEntryPoints: { tcp: tcpAt() } }));
    expect(streams.listeners()).toEqual([]);
    expect(await refuses(port)).toBe(true);
  });

  it("move to the address that a new table gives them, while their connections go on", async () => {
    const pod = await startPod(echo("pod"));
    const streams = await runStreams(carryTo([pod]));
    const before = streams.port("tcp");
    const connection = await open(before);
    expect(await read(connection, 4)).toBe("pod:");
    const after = await freePort();
    streams.take(carryTo([pod], tcpAt(after)));
    await streams.settled();
    expect(streams.port("tcp")).toBe(after);
    expect(await exchange(after, "new")).toBe("pod:new");
    await expect.poll(() => refuses(before), soon).toBe(true);
    connection.end("old");
    expect(await read(connection)).toBe("old");
  });

  it("whose port is in use harm no other, and listen as soon as it is free", async () => {
    const pod = await startPod(echo("pod"));
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as { port: number };
    const streams = await runStreams(
      tableOf(
        {
          relayEntryPoints: { tcp: tcpAt(), taken: tcpAt(port) },
          tcpRouters: [router("HostSNI(`*`)", "db", { entryPoints: ["tcp", "taken"] })],
        },
        service("db", [pod]),
      ),
    );
    expect(streams.status("taken").reason).toContain("EADDRINUSE");
    expect(await exchange(streams.port("tcp"), "hi")).toBe("pod:hi");
    blocker.close();
    await expect.poll(() => streams.status("taken").address?.port, soon).toBe(port);
    expect(await exchange(port, "hi")).toBe("pod:hi");
  });

  it("listen at every address where they name none", async () => {
    const pod = await startPod(echo("pod"));
    const streams = await runStreams(carryTo([pod], { protocol: "tcp", host: "", port: 0 }));
    expect(await exchange(streams.port("tcp"), "hi")).toBe("pod:hi");
    const datagrams = await runStreams(datagramsTo([await startUdpPod("a")], { protocol: "udp", host: "", port: 0 }));
    expect(await askUdp(datagrams.port("dns"), "hi")).toBe("a:hi");
  });

  it("of UDP come, carry and go like those of TCP", async () => {
    const [a, b] = [await startUdpPod("a"), await startUdpPod("b")];
    const streams = await runStreams(datagramsTo([a]));
    const port = streams.port("dns");
    expect(await askUdp(port, "one")).toBe("a:one");
    streams.take(datagramsTo([b]));
    expect(streams.port("dns")).toBe(port);
    expect(await askUdp(port, "two")).toBe("b:two");
    streams.take(datagramsTo([], { protocol: "udp", host: "127.0.0.1", port }));
    await streams.settled();
    streams.take(tableOf({}));
    expect(streams.listeners()).toEqual([]);
    expect(streams.observed.sessions.map(({ target }) => target)).toEqual([`127.0.0.1:${a}`, `127.0.0.1:${b}`]);
  });

  it("believe PROXY headers of those whom the table of the moment trusts", async () => {
    const pod = await startPod(echo("pod"));
    const trusting = { ...tcpAt(), proxyProtocol: { trustedIps: ["127.0.0.0/8"] } };
    const streams = await runStreams(carryTo([pod]));
    const port = streams.port("tcp");
    const header = writeProxyHeader(1, {
      source: { address: "192.0.2.7", port: 1 },
      destination: { address: "192.0.2.8", port: 2 },
    }).toString();
    expect(await exchange(port, `${header}hi`)).toBe(`pod:${header}hi`);
    streams.take(carryTo([pod], trusting));
    expect(streams.port("tcp")).toBe(port);
    expect(await exchange(port, `${header}hi`)).toBe("pod:hi");
    await expect
      .poll(() => streams.observed.ends.map(({ clientAddress }) => clientAddress), soon)
      .toEqual(["127.0.0.1", "192.0.2.7"]);
  });
});

describe("endpoints that are probed", () => {
  it("get no connections while they do not pass, and some again when they do", async () => {
    let isWell = false;
    const serve = (name: string) => (socket: Socket) =>
      socket.on("data", (chunk) => {
        if (String(chunk) === "PING") socket.end(name === "good" || isWell ? "PONG" : "BUSY");
        else socket.end(name);
      });
    const ports = [await startPod(serve("good")), await startPod(serve("sick"))];
    const healthCheck = { intervalMs: 5, timeoutMs: 2_000, send: "PING", expect: "PONG" };
    const streams = await runStreams(
      tableOf(
        { relayEntryPoints: { tcp: tcpAt() }, tcpRouters: [router("HostSNI(`*`)", "db")] },
        service("db", ports, { healthCheck }),
      ),
    );
    const states = (): boolean[] => [...streams.health().list()].map(({ isUp }) => isUp);
    const ask = async (): Promise<Set<string>> => {
      const answers = await Promise.all(Array.from({ length: 6 }, () => exchange(streams.port("tcp"), "hi")));
      return new Set(answers);
    };
    await expect.poll(states, soon).toEqual([true, false]);
    expect(await ask()).toEqual(new Set(["good"]));
    isWell = true;
    await expect.poll(states, soon).toEqual([true, true]);
    expect(await ask()).toEqual(new Set(["good", "sick"]));
  });
});

describe("connections whose endpoint has left the table", () => {
  const linger = (lingerMs: number | undefined) => ({ settings: { ...defaultStreamSettings, lingerMs } });

  it("go on for as long as they like", async () => {
    const [old, young] = [await startPod(echo("old")), await startPod(echo("young"))];
    const streams = await runStreams(carryTo([old]));
    const connection = await open(streams.port("tcp"));
    expect(await read(connection, 4)).toBe("old:");
    streams.take(carryTo([young]));
    expect(await exchange(streams.port("tcp"), "hi")).toBe("young:hi");
    connection.end("still there");
    expect(await read(connection)).toBe("still there");
  });

  it("are ended after a time that is set, and no others", async () => {
    const [old, young] = [await startPod(echo("old")), await startPod(echo("young"))];
    const streams = await runStreams(carryTo([old, young]), linger(10));
    const port = streams.port("tcp");
    const connections = [await open(port), await open(port)];
    const names = await Promise.all(connections.map((connection) => read(connection, 4)));
    const [onOld, onYoung] = names[0] === "old:" ? connections : connections.toReversed();
    streams.take(carryTo([young]));
    expect(await read(onOld as Socket)).toBe("");
    onYoung?.end("hi");
    expect((await read(onYoung as Socket)).endsWith("hi")).toBe(true);
  });

  it("stay when it comes back in time", async () => {
    const pod = await startPod(echo("pod"));
    const streams = await runStreams(carryTo([pod]), linger(60_000));
    const connection = await open(streams.port("tcp"));
    expect(await read(connection, 4)).toBe("pod:");
    streams.take(carryTo([]));
    streams.take(carryTo([pod]));
    connection.end("hi");
    expect(await read(connection)).toBe("hi");
  });
});

describe("the end", () => {
  it("waits for what is open, and takes nothing new", async () => {
    const pod = await startPod(echo("pod"));
    const streams = await runStreams(carryTo([pod]));
    const port = streams.port("tcp");
    const connection = await open(port);
    expect(await read(connection, 4)).toBe("pod:");
    const closed = streams.close(60_000);
    await expect.poll(() => refuses(port), soon).toBe(true);
    connection.end("late");
    expect(await read(connection)).toBe("late");
    await closed;
    expect(streams.observed.ends).toContainEqual(
      expect.objectContaining({ outcome: "carried", bytesIn: 4, bytesOut: 8 }),
    );
  });

  it("lets the UDP sessions that are open go on, and begins no more", async () => {
    const pod = await startUdpPod("a");
    const streams = await runStreams(datagramsTo([pod], { ...udpAt(), udpTimeoutMs: 1_000 }));
    const port = streams.port("dns");
    const [client, late] = [createSocket("udp4"), createSocket("udp4")];
    const ask = async (text: string): Promise<string> => {
      const answer = once(client, "message");
      client.send(text, port, "127.0.0.1");
      return String((await answer)[0]);
    };
    expect(await ask("one")).toBe("a:one");
    expect([...streams.sessions()]).toMatchObject([{ router: "dns", datagramsIn: 1, datagramsOut: 1 }]);
    const closed = streams.close(60_000);
    await expect
      .poll(() => {
        late.send("two", port, "127.0.0.1");
        return streams.observed.drops;
      }, soon)
      .toContain("stopping");
    expect(await ask("three")).toBe("a:three");
    client.close();
    late.close();
    await closed;
    expect(streams.observed.sessions).toMatchObject([{ datagramsIn: 2, datagramsOut: 2 }]);
  });

  it("comes to what is still open when the time is over", async () => {
    const pod = await startPod(echo("pod"));
    const streams = await runStreams(carryTo([pod]));
    const connection = await open(streams.port("tcp"));
    expect(await read(connection, 4)).toBe("pod:");
    await streams.close(20);
    expect(await read(connection)).toBe("");
  });
});
