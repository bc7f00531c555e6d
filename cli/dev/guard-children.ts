import { type ChildProcess, spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { fileURLToPath } from "node:url";

/**
 * Ends every process that this one starts from now on when this one is gone, however it went: workerd does not notice
 * that nobody is left to talk to, and would stay for ever after a kill that cannot be caught.
 */
export function guardChildren(): void {
  const guard = spawn(process.execPath, [fileURLToPath(new URL("./guard-process.ts", import.meta.url))], {
    // A group of its own: what is sent to this process's group must not end the guard first.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  const tell = (line: string): void => {
    if (guard.stdin.writable) guard.stdin.write(`${line}\n`);
  };
  subscribe("child_process", (message) => {
    const { process: child } = message as { process: ChildProcess };
    child.once("spawn", () => tell(`+${child.pid}`));
    child.once("exit", () => tell(`-${child.pid}`));
  });
}
