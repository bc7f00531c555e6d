import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Dev, type DevOptions, startDev } from "../../cli/dev/start-dev.ts";

let dir: string;
let dev: Dev | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-dev-streams-"));
});
afterEach(async () => {
  await dev?.close();
  dev = undefined;
  await rm(dir, { recursive: true });
});

const write = (file: string, text: string): Promise<void> => writeFile(join(dir, file), text);
const start = async (options: Partial<DevOptions> = {}): Promise<Dev> => {
  dev = await startDev({ dir, anyPort: true, ...options });
  return dev;
};
const problems = (running: Dev) => running.problems().filter(({ severity }) => severity !== "notice");

const tcp = (name: string, entryPoint: string, match: string, more = ""): string => `---
apiVersion: traefik.io/v1alpha1
kind: IngressRouteTCP
metadata: { name: ${name} }
spec:
  entryPoints: [${entryPoint}]
  routes: [{ match: "${match}", services: [{ name: ${name}, port: 5000 }] }]
${more}`;
const udp = (name: string, entryPoint: string): string => `---
apiVersion: traefik.io/v1alpha1
kind: IngressRouteUDP
metadata: { name: ${name} }
spec:
  entryPoints: [${entryPoint}]
  routes: [{ services: [{ name: ${name}, port: 5300 }] }]
`;
const http = (entryPoint: string, match = "PathPrefix(`/`)", more = ""): string => `---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: app }
spec:
  entryPoints: [${entryPoint}]
  routes: [{ match: "${match}", kind: Rule, services: [{ name: app, port: 80 }] }]
${more}`;
const passthrough = "  tls: { passthrough: true }\n";
const terminated = "  tls: {}\n";

const everything = async (socket: Socket): Promise<string> => {
  let text = "";
  for await (const chunk of socket.setEncoding("latin1")) text += chunk;
  return text;
};
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(text);
  return everything(socket);
}
const openTls = (port: number, servername: string): Socket =>
  connectTls({ port, host: "127.0.0.1", servername, rejectUnauthorized: false });
async function exchangeTls(port: number, servername: string, text: string): Promise<string> {
  const socket = openTls(port, servername);
  socket.end(text);
  return everything(socket);
}
async function ask(socket: Socket, host: string): Promise<string> {
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return everything(socket);
}
async function datagram(port: number, text: string): Promise<string> {
  const socket = createSocket("udp4");
  const answer = once(socket, "message");
  socket.send(text, port, "127.0.0.1");
  const [bytes] = await answer;
  socket.close();
  return String(bytes);
}
const askPlain = (port: number, host: string): Promise<string> => ask(connect(port, "127.0.0.1"), host);

describe("sluice dev", () => {
  it("carries TCP and UDP to stand-ins, on entry points of their own", async () => {
    await write("routes.yaml", tcp("db", "mysql", "HostSNI(`*`)") + udp("names", "dns"));
    const running = await start();
    expect(problems(running)).toEqual([]);
    expect(await exchange(running.port("mysql"), "hello")).toBe("hello");
    expect(await datagram(running.port("dns"), "hello")).toBe("hello");
    expect(running.hatches()).toMatchObject([{ name: "dns", port: running.port("dns") }]);
  });

  it("gives a port to TCP routes first, and then to HTTP", async () => {
    await write(
      "routes.yaml",
      http("websecure", "Host(`app.example`)", "  tls: {}\n") +
        tcp("passed", "websecure", "HostSNI(`passed.example`)", passthrough) +
        tcp("ended", "websecure", "HostSNI(`ended.example`) || HostSNI(`app.example`)", terminated),
    );
    const running = await start();
    const port = running.port("websecure");
    expect(await exchangeTls(port, "passed.example", "hello")).toBe("hello");
    expect(await exchangeTls(port, "ended.example", "hello")).toBe("hello");
    expect(await ask(openTls(port, "app.example"), "app.example")).toContain("Hostname: app-");
    expect(await ask(openTls(port, "other.example"), "other.example")).toContain(" 404 ");
    expect(await askPlain(port, "app.example")).toContain(" 404 ");
  });

  it("lets HTTP have the plain connections that no TCP route takes", async () => {
    await write("routes.yaml", http("web") + tcp("db", "web", "ClientIP(`192.0.2.1`)"));
    const running = await start();
    expect(await askPlain(running.port("web"), "any")).toContain("Hostname: app-");
    await write("routes.yaml", http("web") + tcp("db", "web", "ClientIP(`127.0.0.1`)"));
    await running.reload();
    expect(await exchange(running.port("web"), "hello")).toBe("hello");
  });

  it("follows edits: routes of TCP and UDP come and go, their ports stay", async () => {
    await write("routes.yaml", http("web"));
    const running = await start();
    const port = running.port("web");
    expect(await askPlain(port, "any")).toContain("Hostname: app-");
    await write("routes.yaml", http("web") + tcp("db", "web", "HostSNI(`*`)") + udp("names", "dns"));
    await running.reload();
    expect(problems(running)).toEqual([]);
    expect(running.port("web")).toBe(port);
    expect(await exchange(port, "hello")).toBe("hello");
    const dns = running.port("dns");
    await write("routes.yaml", http("web") + udp("names", "dns"));
    await running.reload();
    expect(await askPlain(port, "any")).toContain("Hostname: app-");
    expect(running.port("dns")).toBe(dns);
    await write("routes.yaml", http("web"));
    await running.reload();
    expect(running.hatches()).toEqual([]);
  });

  it("listens where a static configuration says, TCP and UDP at one port as well", async () => {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, "close");
    const config = join(dir, "..", `${dir.split("/").at(-1)}.traefik.yaml`);
    await writeFile(
      config,
      `entryPoints: { db: { address: "127.0.0.1:${port}" }, dns: { address: "127.0.0.1:${port}/udp" } }\n`,
    );
    await write("routes.yaml", tcp("db", "db", "HostSNI(`*`)") + udp("names", "dns"));
    const running = await start({ config, anyPort: false }).finally(() => rm(config));
    expect(problems(running)).toEqual([]);
    expect(await exchange(port, "hello")).toBe("hello");
    expect(await datagram(port, "hello")).toBe("hello");
  });

  it("says which port of UDP is in use, and takes it when it is free", async () => {
    const blocker = createSocket("udp4").bind(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address();
    await write("routes.yaml", http("web") + udp("names", "dns"));
    const running = await start({ entryPoints: { dns: { host: "127.0.0.1", port, protocol: "udp" } } });
    expect(problems(running)).toMatchObject([
      { code: "entry-point-not-listening", message: expect.stringContaining(`127.0.0.1:${port}/udp`) },
    ]);
    expect(await askPlain(running.port("web"), "any")).toContain("Hostname: app-");
    blocker.close();
    await expect.poll(() => running.hatches(), { timeout: 5_000 }).toMatchObject([{ port }]);
    expect(problems(running)).toEqual([]);
    expect(await datagram(port, "hello")).toBe("hello");
  });
});
