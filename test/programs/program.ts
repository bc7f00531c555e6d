import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { access, glob } from "node:fs/promises";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** A server of another project that Sluice is tested with. */
export interface Program {
  readonly port: number;
  /** What it has said so far. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * @param names of programs on the path, or patterns of files; the first one that is there is taken
 * @throws when none is: a test that cannot run must not pass
 */
export async function findProgram(...names: readonly string[]): Promise<string> {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const name of names) {
    const candidates = name.includes("/") ? glob(name) : folders.map((folder) => join(folder, name));
    for await (const file of candidates) {
      const isThere = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return file;
    }
  }
  throw new Error(`${names[0]} is missing: \`npm run tools\` installs it`);
}

interface StartOptions {
  port: number;
  /** Resolves to true once it serves; asked again until then. */
  isReady: () => Promise<boolean>;
  /** The user that it runs as, for programs that refuse to be root. */
  uid?: number;
  gid?: number;
  cwd?: string;
  signal?: NodeJS.Signals;
}

const START_MS = 30_000;

/** Starts a server. Rejects, with what it said, when it ends or does not serve in time. */
export async function startProgram(
  command: string,
  args: readonly string[],
  { port, isReady, signal = "SIGTERM", ...options }: StartOptions,
): Promise<Program> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  child.on("error", (error) => (said += error.message));
  const until = performance.now() + START_MS;
  while (!(await isReady())) {
    if (hasEnded(child) || performance.now() > until) {
      await stop(child, "SIGKILL");
      throw new Error(`${command} does not serve: ${said}`);
    }
    await wait(20);
  }
  return { port, output: () => said, stop: () => stop(child, signal) };
}

const hasEnded = ({ exitCode, signalCode, pid }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** A port of the loopback on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  { input, timeoutMs = 20_000, env }: { input?: string | Buffer; timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const file = await findProgram(command);
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, LC_ALL: "C", ...env } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
