import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { exportJWK, generateKeyPair } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodeHop } from "../../src/hop/encode-hop.ts";
import { HOP_HEADER } from "../../src/hop/hop.ts";
import { createTokenSigner } from "../../src/hop/token.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Table } from "../../src/table/table.ts";
import { type Feed, startFeed } from "../../sync-agent/feed/start-feed.ts";
import { closeAll, startPod } from "./gateway-harness.ts";

const keys = await generateKeyPair("EdDSA", { extractable: true });
const signer = createTokenSigner({ key: keys.privateKey, kid: "one", now: Date.now });
const closers: (() => unknown)[] = [];
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-relay-"));
  await writeFile(join(dir, "token"), "secret\n");
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "one" };
  await writeFile(join(dir, "keys.json"), JSON.stringify({ keys: [jwk] }));
});
afterAll(() => rm(dir, { recursive: true }));
afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer();
  await closeAll();
});

const tableOf = (port: number): Table => ({
  ...emptyTable(),
  services: {
    app: { type: "loadBalancer", endpoints: "app", scheme: "http", passHostHeader: true, transport: "gateway" },
  },
  endpoints: { app: { endpoints: [{ address: "127.0.0.1", port, state: "ready" }] } },
});

async function feed(): Promise<Feed> {
  const started = await startFeed({ listen: { host: "127.0.0.1", port: 0 }, token: "secret", freshAt: Date.now });
  closers.push(() => started.close());
  return started;
}

interface Program {
  child: ChildProcess;
  gateway: string;
  operations: string;
  /** All that it logged. */
  lines: string[];
}

const baseFlags = (): string[] => [
  ...["--feed-token-file", join(dir, "token")],
  ...["--hop-keys", join(dir, "keys.json")],
  ...["--gateway", "127.0.0.1:0"],
  ...["--operations", "127.0.0.1:0"],
];

async function run(...flags: string[]): Promise<Program> {
  const child = spawn(process.execPath, ["cli/sluice.ts", "relay", ...baseFlags(), ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  closers.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const started = new Promise<{ gateway: { port: number }; operations: { port: number } }>((resolve, reject) => {
    output.on("line", (line) => {
      lines.push(line);
      const entry = JSON.parse(line);
      if (entry.msg === "started") resolve(entry);
    });
    child.once("exit", () => reject(new Error("it ended before it had started")));
  });
  const { gateway, operations } = await started;
  return {
    child,
    gateway: `http://127.0.0.1:${gateway.port}`,
    operations: `http://127.0.0.1:${operations.port}`,
    lines,
  };
}

async function ask({ gateway }: Program): Promise<string> {
  const hop = encodeHop({
    token: await signer.sign("app"),
    service: "app",
    scheme: "https",
    port: 443,
    clientAddress: "192.0.2.1",
    trusted: false,
    assigned: [],
    mirror: false,
    generation: 0,
    host: "app.example.com",
  });
  const response = await fetch(gateway, { headers: { [HOP_HEADER]: hop } });
  return `${response.status} ${await response.text()}`;
}

const urlOf = ({ address: { port } }: Feed): string => `http://127.0.0.1:${port}`;

describe("sluice relay", () => {
  it("serves what the feed says, and tells how it is", async () => {
    const agent = await feed();
    const { operations, ...program } = await run("--feed", urlOf(agent));
    expect((await fetch(`${operations}/readyz`)).status).toBe(503);
    agent.publish({
      pointer: { publisher: "home", epoch: 1, generation: 5, root: "r" },
      table: tableOf(await startPod((_, response) => response.end("pod"))),
    });
    await expect.poll(async () => (await fetch(`${operations}/readyz`)).status).toBe(200);
    expect(await ask({ operations, ...program })).toBe("200 pod");
    const metrics = await (await fetch(`${operations}/metrics`)).text();
    expect(metrics).toMatch(/^sluice_gateway_requests_total 1$/m);
    expect(metrics).toMatch(/^sluice_gateway_request_seconds_count 1$/m);
    expect(metrics).toMatch(/^sluice_gateway_open_requests 0$/m);
    expect(metrics).toMatch(/^sluice_relay_generation 5$/m);
    expect(metrics).toMatch(/^sluice_relay_feed_connected 1$/m);
  });

  it("lets what is under way end when it is told to stop", async () => {
    const agent = await feed();
    const arrived = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const port = await startPod(async (_, response) => {
      response.write("begun ");
      arrived.resolve();
      await finish.promise;
      response.end("and ended");
    });
    agent.publish({ pointer: null, table: tableOf(port) });
    const program = await run("--feed", urlOf(agent));
    await expect.poll(async () => (await fetch(`${program.operations}/readyz`)).status).toBe(200);
    const answer = ask(program);
    await arrived.promise;
    const exit = once(program.child, "exit");
    program.child.kill("SIGTERM");
    await expect.poll(() => program.lines.some((line) => line.includes("stopping"))).toBe(true);
    expect((await fetch(`${program.operations}/readyz`)).status).toBe(503);
    await expect(fetch(program.gateway)).rejects.toThrow();
    finish.resolve();
    expect(await answer).toBe("200 begun and ended");
    expect(await exit).toEqual([0, null]);
  });

  it("starts from its file when it was killed and no agent is there", async () => {
    const agent = await feed();
    agent.publish({ pointer: null, table: tableOf(await startPod((_, response) => response.end("pod"))) });
    const cache = join(dir, "table.json");
    const first = await run("--feed", urlOf(agent), "--cache", cache);
    await expect.poll(() => ask(first)).toBe("200 pod");
    await expect
      .poll(() => import("node:fs").then(({ existsSync }) => existsSync(cache)), { timeout: 5_000 })
      .toBe(true);
    const exit = once(first.child, "exit");
    first.child.kill("SIGKILL");
    await exit;
    await agent.close();
    expect(await ask(await run("--feed", "http://127.0.0.1:1", "--cache", cache))).toBe("200 pod");
  });

  it.each([
    ["a port in use", async (port: number) => ["--gateway", `127.0.0.1:${port}`], /EADDRINUSE/],
    ["an operations port in use", async (port: number) => ["--operations", `127.0.0.1:${port}`], /EADDRINUSE/],
    [
      "a token that is not there",
      async () => ["--feed-token-file", join(dir, "none")],
      /none cannot be read \(ENOENT\)/,
    ],
    ["keys that are none", async () => ["--hop-keys", join(dir, "token")], /token: it is not JSON/],
  ])("ends with one line for %s", async (_, flagsOf, message) => {
    const agent = await feed();
    const flags = [...baseFlags(), "--feed", urlOf(agent), ...(await flagsOf(agent.address.port))];
    const failed = await promisify(execFile)(process.execPath, ["cli/sluice.ts", "relay", ...flags]).catch(
      (error) => error,
    );
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(message);
    expect(failed.stderr.trim().split("\n")).toHaveLength(1);
  });

  it.each([
    ["no feed", [], /agents' feed: --feed/],
    ["a feed that is no URL", ["--feed", "agent:9443"], /--feed agent:9443 is no URL/],
    ["a feed in the clear", ["--feed", "http://agent.example:9443"], /https beyond this machine/],
    ["no keys", ["--feed", "https://a", "--feed-token-file", "token"], /--hop-keys/],
    ["a flag that is none", ["--feeds=https://a"], /--feeds/],
  ])("says in one line what is wrong with %s", async (_, flags, message) => {
    const failed = await promisify(execFile)(process.execPath, ["cli/sluice.ts", "relay", ...flags]).catch(
      (error) => error,
    );
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(message);
    expect(failed.stderr.trim().split("\n")).toHaveLength(1);
  });
});
