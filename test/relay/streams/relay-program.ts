import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { exportJWK, generateKeyPair } from "jose";
import type { Table } from "../../../src/table/table.ts";
import { type Feed, startFeed } from "../../../sync-agent/feed/start-feed.ts";

const closers: (() => unknown)[] = [];
export const closePrograms = async (): Promise<void> => {
  for (const closer of closers.splice(0).reverse()) await closer();
};

export interface TestFeed extends Feed {
  url: string;
  serve(table: Table): void;
}

/** An agent's feed with one table at a time. */
export async function runFeed(): Promise<TestFeed> {
  const feed = await startFeed({ listen: { host: "127.0.0.1", port: 0 }, token: "secret", freshAt: Date.now });
  closers.push(() => feed.close());
  return {
    ...feed,
    url: `http://127.0.0.1:${feed.address.port}`,
    serve: (table) => feed.publish({ pointer: null, table }),
  };
}

/** A folder with what a relay needs to start; gone at the end of the test. */
export async function relayFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-streams-"));
  closers.push(() => rm(dir, { recursive: true }));
  const { publicKey } = await generateKeyPair("EdDSA");
  await writeFile(join(dir, "token"), "secret\n");
  await writeFile(join(dir, "keys.json"), JSON.stringify({ ...(await exportJWK(publicKey)), kid: "one" }));
  return dir;
}

export interface RelayProgram {
  child: ChildProcess;
  exit: Promise<[number | null, NodeJS.Signals | null]>;
  /** All that it has logged, as objects. */
  lines: Record<string, unknown>[];
  /** Resolves with the first line for which this holds, one that is there already or one that comes. */
  line(holds: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Where an entry point listens, once it does; the last place when it has moved. */
  port(entryPoint: string): Promise<number>;
  metrics(): Promise<string>;
  ask(path: string): Promise<Response>;
}

/** Starts `sluice relay`, which listens on ports of its choice. */
export async function runRelay(dir: string, ...flags: string[]): Promise<RelayProgram> {
  const args = [
    ...["cli/sluice.ts", "relay", "--feed-token-file", join(dir, "token"), "--hop-keys", join(dir, "keys.json")],
    ...["--operations", "127.0.0.1:0", ...(flags.includes("--gateway") ? [] : ["--gateway", "127.0.0.1:0"]), ...flags],
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit") as RelayProgram["exit"];
  closers.push(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  const lines: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    lines.push(JSON.parse(text));
    for (const look of waiting) look();
  });
  const line: RelayProgram["line"] = (holds) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.find(holds);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void exit.then(() => reject(new Error(`the relay has ended: ${JSON.stringify(lines.at(-1))}`)));
    });
  const hasSeveral = flags.includes("--processes");
  const isStart = (one: Record<string, unknown>): boolean =>
    one.msg === "started" && (one.processes !== undefined) === hasSeveral;
  const started = (await line(isStart)) as { operations: { port: number } };
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${started.operations.port}${path}`);
  return {
    child,
    exit,
    lines,
    line,
    async port(entryPoint) {
      const isOf = (one: Record<string, unknown>): boolean => one.msg === "listening" && one.entryPoint === entryPoint;
      await line(isOf);
      return Number(lines.findLast(isOf)?.port);
    },
    metrics: async () => (await ask("/metrics")).text(),
    ask,
  };
}
