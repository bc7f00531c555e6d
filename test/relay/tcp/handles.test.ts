import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { createInterface } from "node:readline";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { dialHandle } from "../../../relay/tcp/handle/dial-handle.ts";
import { HandleConnection } from "../../../relay/tcp/handle/handle-connection.ts";
import { handlesWork } from "../../../relay/tcp/handle/handles-work.ts";
import type { RoutedConnection } from "../../../relay/tcp/tcp-listener.ts";
import { tcpLine } from "./proc-net-tcp.ts";
import {
  closeAll,
  echo,
  exchange,
  freePort,
  open,
  read,
  router,
  service,
  startPod,
  startRelay,
} from "./tcp-harness.ts";

const children: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of children.splice(0)) await end();
  await closeAll();
});

/** For what comes at once on a machine that has nothing else to do. */
const soon = { timeout: 10_000 };

/** A program that says one line. @returns it, its process id, and what kills it */
async function run(source: string, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const args = [...flags, "--input-type=module", "--eval", source];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...env } });
  const exit = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exit;
  };
  children.push(kill);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { line, kill };
}

const routes = { tcpRouters: [router("HostSNI(`*`)", "db")] };

describe("handles", () => {
  it("work on the version of Node that is pinned", async () => {
    expect(await handlesWork()).toBe(true);
  });

  const work = new URL("../../../relay/tcp/handle/handles-work.ts", import.meta.url);
  const tellsWhether = `import { handlesWork } from ${JSON.stringify(work.href)}; console.log(await handlesWork());`;

  it.each<[why: string, flags: string[], env: NodeJS.ProcessEnv]>([
    ["they are switched off", [], { SLUICE_TCP_HANDLES: "off" }],
    ["Node keeps them from programs", ["--permission", "--allow-fs-read=*"], {}],
  ])("are not used where %s", async (_, flags, env) => {
    expect((await run(tellsWhether, flags, env)).line).toBe("false");
  });

  it.each<[what: string, isHandle: boolean, options: Parameters<typeof startRelay>[1], rule: string]>([
    ["carry plain connections", true, {}, "HostSNI(`*`)"],
    ["do not where they are not to be used", false, { usesHandles: false }, "HostSNI(`*`)"],
    ["do not where first bytes count", false, {}, "HostSNI(`a.example`)"],
    ["do not where a PROXY header may come", false, { trustsProxy: () => true }, "HostSNI(`*`)"],
  ])("%s", async (_, isHandle, options, rule) => {
    const carried: RoutedConnection[] = [];
    const tls = rule.includes("a.example") ? { tls: { passthrough: true } } : {};
    const relay = await startRelay([{ tcpRouters: [router("HostSNI(`*`)", "db"), router(rule, "db", tls)] }], {
      carry: (connection) => void carried.push(connection),
      ...options,
    });
    const socket = await open(relay.port);
    socket.write("x");
    await expect.poll(() => carried.length, soon).toBe(1);
    expect(carried[0]?.socket instanceof HandleConnection).toBe(isHandle);
    carried[0]?.socket.destroy();
    await read(socket);
  });
});

describe.each([
  ["handles", true],
  ["sockets", false],
])("carried by %s", (_, usesHandles) => {
  const start: typeof startRelay = (parts, options) => startRelay(parts, { usesHandles, ...options });

  it("a client that is killed ends its endpoint's connection", async () => {
    const ended = Promise.withResolvers<void>();
    const port = await startPod((socket) =>
      socket
        .resume()
        .on("close", () => ended.resolve())
        .on("end", () => socket.end()),
    );
    const relay = await start([routes, service("db", [port])]);
    const client = await run(
      `import { connect } from "node:net"; const s = connect(${relay.port}, "127.0.0.1", () => s.write("x", () => console.log("up")));`,
    );
    expect(client.line).toBe("up");
    await client.kill();
    await ended.promise;
    await expect.poll(() => relay.ends, soon).toMatchObject([{ outcome: "carried", bytesIn: 1 }]);
  });

  it("an endpoint that is killed ends its clients' connections, and new ones go to another", async () => {
    const pod = await run(
      `import { createServer } from "node:net"; const s = createServer((c) => c.write("dying")).listen(0, "127.0.0.1", () => console.log(s.address().port));`,
    );
    const relay = await start([routes, service("db", [Number(pod.line), await startPod(echo("up"))])]);
    const clients = [await open(relay.port), await open(relay.port)];
    const first = await Promise.all(clients.map((client) => read(client, 1)));
    const dying = clients[first.findIndex((text) => text.startsWith("d"))];
    await pod.kill();
    expect("dying".endsWith(await read(dying as Socket))).toBe(true);
    expect(await exchange(relay.port, "x")).toBe("up:x");
    expect(await exchange(relay.port, "x")).toBe("up:x");
  });

  it("an endpoint that does not answer a dial is given up in time, for another", async () => {
    // Its queue is full, and nobody takes from it: a further connection waits for as long as it likes.
    const pod = await run(
      `import { writeSync } from "node:fs"; import { createServer } from "node:net";
      const s = createServer().listen(0, "127.0.0.1", 1, () => {
        writeSync(1, s.address().port + "\\n");
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`,
    );
    const deaf = Number(pod.line);
    for (let client = 0; client < 4; client++) void open(deaf);
    await expect.poll(() => tcpLine(deaf, "00000000:0000")?.queue, soon).toBe(2);
    const relay = await start([
      routes,
      service("db", [deaf, await startPod(echo("up"))], { serversTransport: "quick" }),
      { serversTransports: { quick: { dialTimeoutMs: 50 } } },
    ]);
    expect(await exchange(relay.port, "x")).toBe("up:x");
    expect(await exchange(relay.port, "y")).toBe("up:y");
    await expect.poll(() => relay.ends.map(({ dialAttempts }) => dialAttempts).sort(), soon).toEqual([1, 2]);
  });

  it("an endpoint may be a name", async () => {
    const port = await startPod(echo("pod"));
    const relay = await start([
      routes,
      {
        tcpServices: { db: { type: "loadBalancer", endpoints: "db" } },
        relayEndpoints: { db: { endpoints: [{ address: "localhost", port, state: "ready" }] } },
      },
    ]);
    expect(await exchange(relay.port, "x")).toBe("pod:x");
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
  it.skipIf(!hasIpv6)("connections may come and go over IPv6 (this machine has ::1)", async () => {
    const port = await startPod(echo("pod"), "::1");
    const relay = await start(
      [
        routes,
        {
          tcpServices: { db: { type: "loadBalancer", endpoints: "db" } },
          relayEndpoints: { db: { endpoints: [{ address: "::1", port, state: "ready" }] } },
        },
      ],
      { listen: { host: "::", port: 0 } },
    );
    expect(await exchange(relay.port, "x", "::1")).toBe("pod:x");
    expect(await exchange(relay.port, "x", "127.0.0.1")).toBe("pod:x");
    await expect
      .poll(() => relay.ends.map(({ clientAddress, target }) => [clientAddress, target]), soon)
      .toEqual([
        ["::1", `[::1]:${port}`],
        ["127.0.0.1", `[::1]:${port}`],
      ]);
  });

  it("connections that stand still in both directions are ended by whoever resets them", async () => {
    const pods: Socket[] = [];
    const port = await startPod((socket) => pods.push(socket.pause()));
    const relay = await start([routes, service("db", [port])]);
    const piece = Buffer.alloc(1_000_000);
    const clients = await Promise.all(Array.from({ length: 8 }, () => open(relay.port)));
    await expect.poll(() => pods.length, soon).toBe(clients.length);
    for (const socket of [...clients, ...pods]) {
      socket.pause();
      for (let left = 40; left > 0; left--) socket.write(piece);
    }
    // Until nothing moves any more: what is written waits in the relay as well.
    const written = (): number => [...clients, ...pods].reduce((sum, { writableLength }) => sum + writableLength, 0);
    for (let still = 0, before = -1; still < 200; still = written() === before ? still + 1 : 0) {
      before = written();
      await turn();
    }
    for (const [index, client] of clients.entries()) (index % 2 === 0 ? client : pods[index])?.resetAndDestroy();
    await expect.poll(() => relay.ends.length, soon).toBe(clients.length);
    expect(await exchange(await echoing(start), "x")).toBe("again:x");
  });
});

async function echoing(start: typeof startRelay): Promise<number> {
  return (await start([routes, service("db", [await startPod(echo("again"))])])).port;
}

describe("dialling by a handle", () => {
  it("tells why it failed", async () => {
    const port = await freePort();
    const target = { address: "127.0.0.1", authority: `127.0.0.1:${port}`, isTerminating: false };
    await expect(dialHandle(target, 1_000)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(dialHandle({ ...target, authority: "127.0.0.1:none" }, 1_000)).rejects.toMatchObject({
      code: "EINVAL",
    });
    await expect(dialHandle({ ...target, authority: "127.0.0.1:70000" }, 0)).rejects.toMatchObject({ code: "EINVAL" });
    await expect(dialHandle({ ...target, address: "not an address" }, 1_000)).rejects.toMatchObject({
      code: expect.stringMatching(/^E/),
    });
  });
});
