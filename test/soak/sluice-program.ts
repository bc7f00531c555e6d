import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../cli/sluice.ts", import.meta.url));

export type LogLine = { level: string; msg: string; [field: string]: unknown };

/** `sluice agent` or `sluice relay` as a process of its own. */
export interface SluiceProgram {
  readonly child: ChildProcess;
  /** What it said when it had started: the addresses that it listens on. */
  readonly started: LogLine;
  /** Resolves when it has logged a line that begins so. */
  logged(beginning: string): Promise<void>;
  /** -9. */
  kill(): Promise<void>;
}

/** @param log takes all that it logs */
export async function runSluice(log: (line: LogLine) => void, args: readonly string[]): Promise<SluiceProgram> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  // Whatever becomes of this process, it leaves none behind.
  const killAtEnd = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtEnd);
  child.once("exit", () => process.off("exit", killAtEnd));
  const lines: LogLine[] = [];
  const watching = new Set<(line: LogLine) => void>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as LogLine;
    lines.push(line);
    log(line);
    for (const look of watching) look(line);
  });
  const logged = (beginning: string): Promise<LogLine> => {
    const before = lines.find(({ msg }) => msg.startsWith(beginning));
    if (before !== undefined) return Promise.resolve(before);
    return new Promise((resolve) => {
      const look = (line: LogLine): void => {
        if (!line.msg.startsWith(beginning)) return;
        watching.delete(look);
        resolve(line);
      };
      watching.add(look);
    });
  };
  const ended = exit.then(([code]) => {
    throw new Error(`sluice ${args[0]} ended with ${code} before it had started`);
  });
  ended.catch(() => {});
  return {
    child,
    started: await Promise.race([logged("started"), ended]),
    async logged(beginning) {
      await logged(beginning);
    },
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** The port of an address in what a program said when it had started. */
export function portOf({ started }: SluiceProgram, name: string): number {
  const address = started[name];
  if (typeof address === "object" && address !== null && "port" in address && typeof address.port === "number") {
    return address.port;
  }
  throw new Error(`it does not say where ${name} is`);
}
