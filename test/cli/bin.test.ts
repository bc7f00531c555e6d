import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";

const shim = fileURLToPath(new URL("../../cli/bin/sluice.mjs", import.meta.url));
const canary = fileURLToPath(new URL("../../examples/canary", import.meta.url));
/** Makes a Node believe that it is an old one. */
const asOldNode =
  "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})";

let child: ChildProcess | undefined;
afterEach(() => child?.kill("SIGKILL"));

function run(args: string[], nodeArgs: string[] = []): { child: ChildProcess; output: () => string } {
  let text = "";
  const started = spawn(process.execPath, [...nodeArgs, shim, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  child = started;
  for (const stream of [started.stdout, started.stderr])
    stream.setEncoding("utf8").on("data", (data) => (text += data));
  return { child: started, output: () => text };
}

describe.each([
  ["the Node that is needed", []],
  ["an older Node", ["--import", asOldNode]],
])("sluice, started by %s", (_, nodeArgs) => {
  it("knows its version", async () => {
    const { child, output } = run(["--version"], nodeArgs);
    expect(await once(child, "close")).toEqual([0, null]);
    expect(output()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("ends with 1 and one line for what is the user's to mend", async () => {
    const { child, output } = run(["dev", "/absent"], nodeArgs);
    expect(await once(child, "close")).toEqual([1, null]);
    expect(output()).toBe("error: /absent: there is no such folder\n");
  });

  it.each(["SIGTERM", "SIGINT"] as const)("ends with 0 at %s, leaving nothing behind", async (signal) => {
    const entryPoints = ["--entrypoint", "web=127.0.0.1:0", "--entrypoint", "websecure=127.0.0.1:0"];
    const { child, output } = run(["dev", canary, ...entryPoints], nodeArgs);
    while (!output().includes("Ctrl-C stops.")) await once(child.stdout ?? child, "data");
    const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(output()) ?? [];
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("404")]);
    child.kill(signal);
    expect(await once(child, "close")).toEqual([0, null]);
    await expect(fetch(url)).rejects.toThrow();
  });

  it("ends with whoever started it, killed or not", async () => {
    const entryPoints = ["--entrypoint", "web=127.0.0.1:0", "--entrypoint", "websecure=127.0.0.1:0"];
    const { child, output } = run(["dev", canary, ...entryPoints], nodeArgs);
    while (!output().includes("Ctrl-C stops.")) await once(child.stdout ?? child, "data");
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output())?.[0] ?? "";
    // A connection to the Worker ends when its process does, some moments after the one that is killed.
    const connection = connect(Number(new URL(url).port), "127.0.0.1");
    await once(connection, "connect");
    const ended = new Promise<void>((resolve) => connection.on("error", () => {}).once("close", () => resolve()));
    child.kill("SIGKILL");
    expect(await once(child, "close")).toEqual([null, "SIGKILL"]);
    connection.resume();
    await ended;
    await expect(fetch(url)).rejects.toThrow();
  });
});
