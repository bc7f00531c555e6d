#!/usr/bin/env node
// Sluice needs Node 24, which runs TypeScript as it is; the package brings its own for those who have an older one.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { endWithNpm } from "./end-with-npm.mjs";

const NEEDED = 24;
const program = fileURLToPath(new URL("../sluice.ts", import.meta.url));

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  endWithNpm(() => process.kill(process.pid, "SIGTERM"));
  await import("../sluice.ts");
} else {
  const pinned = dirname(createRequire(import.meta.url).resolve("node/package.json"));
  const binary = join(pinned, "bin", process.platform === "win32" ? "node.exe" : "node");
  // The channel tells the child when this process is gone, however it went.
  const stdio = ["inherit", "inherit", "inherit", "ipc"];
  const child = spawn(binary, [program, ...process.argv.slice(2)], { stdio });
  // A terminal sends Ctrl-C to both; whoever else sends a signal knows this process only.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  endWithNpm(() => child.kill("SIGTERM"));
  child.on("error", (error) => {
    console.error(`sluice needs Node ${NEEDED}, and its own copy does not start: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}
