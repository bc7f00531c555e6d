import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";

const module = new URL("../../cli/dev/guard-children.ts", import.meta.url).href;

/** Starts a child that holds this test's pipe open for as long as it lives. */
const program = `
  import { spawn } from "node:child_process";
  import { guardChildren } from "${module}";
  guardChildren();
  const endless = "console.log(process.pid); setInterval(() => {}, 60_000)";
  spawn(process.execPath, ["--eval", endless], { stdio: ["ignore", "inherit", "ignore"] });
`;

let parent: ChildProcess | undefined;
let orphan: number | undefined;
afterEach(() => {
  parent?.kill("SIGKILL");
  try {
    if (orphan !== undefined) process.kill(orphan, "SIGKILL");
  } catch {
    // Gone, as it should be.
  }
});

describe("guardChildren", () => {
  it.each(["SIGKILL", "SIGTERM"] as const)("ends what a process started when %s ends that one", async (signal) => {
    const started = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    parent = started;
    const [pid] = await once(started.stdout, "data");
    orphan = Number(pid);
    expect(orphan).toBeGreaterThan(1);
    // The pipe closes when the last process that holds it has ended.
    const closed = once(started, "close");
    started.kill(signal);
    expect(await closed).toEqual([null, signal]);
  });
});
