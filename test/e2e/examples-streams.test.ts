import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { startDev } from "../../cli/dev/start-dev.ts";
import { run } from "../programs/program.ts";
import { examples, runExample } from "./run-example.ts";

const execute = promisify(execFile);
const closers: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(closers.map((close) => close())));

const runWithConfig = (example: string) =>
  runExample(`${example}/manifests`, { config: `${examples}/${example}/traefik.yaml` });

/** Says something over TCP, and hears all that comes back. */
async function say(port: number, words: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(words);
  return text(socket);
}

it("tcp-mysql: a plain route takes every connection", async () => {
  const { dev } = await runWithConfig("tcp-mysql");
  expect(dev.problems()).toEqual([]);
  expect(await say(dev.port("mysql"), "hello")).toBe("hello");
});

it("udp-dns: datagrams are answered, and connections at the same port", async () => {
  const { dev } = await runWithConfig("udp-dns");
  expect(dev.problems()).toEqual([]);
  const socket = createSocket("udp4");
  socket.send("hello", dev.port("dns"), "127.0.0.1");
  const [answer] = (await once(socket, "message")) as [Buffer];
  socket.close();
  expect(answer.toString()).toBe("hello");
  expect(await say(dev.port("dns-tcp"), "hello")).toBe("hello");
});

describe("tcp-tls-mongo", () => {
  it("tells what is missing before the certificates are made, and lets nobody in", async () => {
    const { dev } = await runWithConfig("tcp-tls-mongo");
    expect(dev.problems().map(({ code, severity }) => `${severity} ${code}`)).toContain("error secret-not-found");
    const { stdout } = await run("openssl", [
      "s_client",
      ...["-connect", `127.0.0.1:${dev.port("mongo")}`, "-servername", "mongo.local"],
    ]);
    expect(stdout).toContain("no peer certificate available");
  });

  it("lets in who shows a certificate of the authority, and nobody else", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-mongo-"));
    closers.push(() => rm(folder, { recursive: true }));
    await execute(`${examples}/tcp-tls-mongo/make-certificates.sh`, [folder]);
    const manifests = join(folder, "manifests");
    await cp(`${examples}/tcp-tls-mongo/manifests`, manifests, { recursive: true });
    await cp(join(folder, "mongo-certs.yaml"), join(manifests, "mongo-certs.yaml"));
    const dev = await startDev({ dir: manifests, config: `${examples}/tcp-tls-mongo/traefik.yaml`, anyPort: true });
    closers.push(() => dev.close());
    expect(dev.problems()).toEqual([]);
    const read = (name: string) => readFile(join(folder, name), "utf8");
    const [ca, cert, key] = await Promise.all([read("ca.crt"), read("mongo-client.crt"), read("mongo-client.key")]);
    const secure = { port: dev.port("mongo"), host: "127.0.0.1", servername: "mongo.local", ca };

    const known: TLSSocket = connectTls({ ...secure, cert, key });
    await once(known, "secureConnect");
    expect(known.authorized).toBe(true);
    known.end("hello");
    expect(await text(known)).toBe("hello");

    const stranger = connectTls(secure);
    stranger.on("secureConnect", () => stranger.write("hello"));
    await expect(text(stranger)).rejects.toThrow(/alert|reset|disconnected/i);
  });
});
