import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const module = new URL("../../cli/bin/end-with-npm.mjs", import.meta.url).href;
const { endWithNpm } = (await import(module)) as { endWithNpm: (end: () => void) => void };
const shim = fileURLToPath(new URL("../../cli/bin/sluice.mjs", import.meta.url));
const canary = fileURLToPath(new URL("../../examples/canary", import.meta.url));

describe("endWithNpm", () => {
  let parent: number;
  beforeEach(() => {
    parent = 100;
    vi.useFakeTimers();
    vi.spyOn(process, "ppid", "get").mockImplementation(() => parent);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  function endsAfter(script: string | undefined, nextParent: number): number {
    vi.stubEnv("npm_lifecycle_script", script);
    const end = vi.fn();
    endWithNpm(end);
    vi.advanceTimersByTime(5000);
    expect(end).not.toHaveBeenCalled();
    parent = nextParent;
    vi.advanceTimersByTime(60_000);
    return end.mock.calls.length;
  }

  it.each([
    ["npx sluice", "'sluice'"],
    ["npm start", "node cli/bin/sluice.mjs dev examples/canary"],
    ["a script of several commands", "npm run build && sluice dev manifests"],
  ])("ends once when the shell of %s is gone", (_, script) => expect(endsAfter(script, 1)).toBe(1));

  it.each([
    ["there is no npm", undefined],
    ["a script leaves it in the background", "sluice dev manifests & npm run seed"],
    ["it is another program's script", "vitest run"],
  ])("goes on when %s", (_, script) => expect(endsAfter(script, 1)).toBe(0));

  it("goes on for as long as the shell is there", () => expect(endsAfter("'sluice'", 100)).toBe(0));
});

describe("sluice dev below npm's shell", () => {
  let shell: ChildProcess | undefined;
  // What is left of it when the test has failed goes with its group.
  afterEach(() => {
    try {
      if (shell?.pid !== undefined) process.kill(-shell.pid, "SIGKILL");
    } catch {
      // Gone, as it should be.
    }
  });

  it("frees its ports when the shell alone is ended", async () => {
    const free = ["--entrypoint", "web=127.0.0.1:0", "--entrypoint", "websecure=127.0.0.1:0"];
    const words = [process.execPath, shim, "dev", canary, ...free];
    const started = spawn("sh", ["-c", `'${words.join("' '")}'; exit`], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, npm_lifecycle_script: "'sluice'" },
      detached: true,
    });
    shell = started;
    let output = "";
    started.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    while (!output.includes("Ctrl-C stops.")) await once(started.stdout, "data");
    const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? [];
    expect((await fetch(url)).status).toBe(404);
    started.kill("SIGTERM");
    // Its output closes when the last process that holds it has ended.
    await once(started, "close");
    await expect(fetch(url)).rejects.toThrow();
  });
});
