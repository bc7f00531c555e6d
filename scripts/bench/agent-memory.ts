import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FEED_PATH } from "../../src/feed/feed-document.ts";
import { TOKEN } from "../../test/doubles/cloudflare-api/cloudflare-api.ts";
import type { ClusterAddresses } from "./agent-memory-cluster.ts";
import { chartNodeOptions } from "./chart-node-options.ts";
import { startChild } from "./child.ts";
import { startCpuWatch } from "./cpu-time.ts";

/** What the agent's program takes of a machine, as the chart runs it, with a relay that follows it. */
export interface AgentMemory {
  services: number;
  /** From the start of the program until the pointer stood in KV. */
  firstPublishSeconds: number;
  /** MiB after the first publish, after some hundred changes, and the most that there ever were. */
  firstRssMib: number;
  rssMib: number;
  peakRssMib: number;
  /** CPU until the first publish, and for each of the changes, all that is done besides included. */
  firstCpuSeconds: number;
  cpuMsPerChange: number;
}

const CHANGES = 400;
const CHANGE_EVERY_MS = 25;

const inProject = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Builds the program of the image, and runs it against API doubles that are in another process. */
export async function measureAgentMemory(services: number): Promise<AgentMemory> {
  await promisify(execFile)(process.execPath, [inProject("scripts/build-image-program.ts")], { cwd: inProject(".") });
  const dir = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  const cluster = await startChild("./agent-memory-cluster.ts");
  try {
    const { endpoint, ca, token, flags } = await cluster.call<ClusterAddresses>("fill", services);
    const file = async (name: string, text: string): Promise<string> => {
      await writeFile(join(dir, name), text);
      return join(dir, name);
    };
    const tokenFile = await file("token", TOKEN);
    // As a Pod does it, which has no kubeconfig: to read one takes a package of 85 MiB.
    const access = ["--token-file", await file("api-token", token), "--ca-file", await file("ca.crt", ca)];
    const started = performance.now();
    const agent = await startAgent([
      ...["--endpoint", endpoint, ...access, ...flags, "--api-token-file", tokenFile],
      ...["--feed", "127.0.0.1:0", "--feed-token-file", tokenFile, "--operations", "127.0.0.1:0"],
      ...["--lease-namespace", "default"],
    ]);
    try {
      const readCpu = startCpuWatch(agent.pid);
      await Promise.race([cluster.call("published"), agent.ended]);
      const firstPublishSeconds = (performance.now() - started) / 1000;
      const firstCpuSeconds = readCpu() / 1e6;
      const firstRssMib = memoryOf(agent.pid, "VmRSS");
      await agent.follow();
      const readChangeCpu = startCpuWatch(agent.pid);
      for (let round = 1; round <= CHANGES; round++) {
        await cluster.call("change", round);
        await wait(CHANGE_EVERY_MS);
      }
      await Promise.race([cluster.call("published"), agent.ended]);
      return {
        services,
        firstPublishSeconds,
        firstCpuSeconds,
        firstRssMib,
        rssMib: memoryOf(agent.pid, "VmRSS"),
        peakRssMib: memoryOf(agent.pid, "VmHWM"),
        cpuMsPerChange: readChangeCpu() / 1000 / CHANGES,
      };
    } finally {
      await agent.stop();
    }
  } finally {
    cluster.close();
    await rm(dir, { recursive: true });
  }
}

interface RunningAgent {
  pid: number;
  /** Rejects when the program ends. */
  ended: Promise<never>;
  /** Follows the feed as a relay does. */
  follow(): Promise<void>;
  stop(): Promise<void>;
}

async function startAgent(args: readonly string[]): Promise<RunningAgent> {
  const env = { ...process.env, NODE_OPTIONS: await chartNodeOptions() };
  const program = [inProject("dist/image/sluice.mjs"), "agent", ...args];
  const child = spawn(process.execPath, program, { env, stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const ended = exited.then(([code, signal]): never => {
    throw new Error(`the agent ended by ${signal ?? code}`);
  });
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout });
  const started = new Promise<number>((resolve) => {
    lines.on("line", (text) => {
      const { msg, feed } = JSON.parse(text) as { msg: string; feed?: { port: number } };
      if (msg === "started" && feed !== undefined) resolve(feed.port);
    });
  });
  const feedPort = await Promise.race([started, ended]);
  const following = new AbortController();
  return {
    pid: child.pid ?? 0,
    ended,
    async follow() {
      const headers = { Authorization: `Bearer ${TOKEN}` };
      const { body } = await fetch(`http://127.0.0.1:${feedPort}${FEED_PATH}`, { headers, signal: following.signal });
      void body?.pipeTo(new WritableStream()).catch(() => {});
    },
    async stop() {
      following.abort();
      child.kill();
      await exited;
    },
  };
}

/** A line of `/proc/<pid>/status`, in MiB. */
function memoryOf(pid: number, line: "VmRSS" | "VmHWM"): number {
  const [, kib] = new RegExp(`^${line}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}
