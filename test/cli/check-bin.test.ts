import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";

const shim = fileURLToPath(new URL("../../cli/bin/sluice.mjs", import.meta.url));
const articles = fileURLToPath(new URL("../fixtures/articles", import.meta.url));
const canary = fileURLToPath(new URL("../../examples/canary", import.meta.url));

async function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [shim, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const read = async (stream: Readable) => (await stream.setEncoding("utf8").toArray()).join("");
  const [[code], stdout, stderr] = await Promise.all([once(child, "close"), read(child.stdout), read(child.stderr)]);
  return { code, stdout, stderr };
}

describe("the commands that only read, as they are started", () => {
  it("check: 0 without errors, plain when piped", async () => {
    expect(await run("check", canary)).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^No problems in 1 file, \d+ routes?\n$/),
      stderr: "",
    });
  });

  it("check: 1 with errors, the JSON whole", async () => {
    const { code, stdout, stderr } = await run("check", "--json", articles);
    expect([code, stderr]).toEqual([1, ""]);
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ code: "service-not-found", line: 12 }));
  });

  it.each([
    [["check", "/absent"], "error: /absent: there is no such folder\n"],
    [["check"], "error: name the folder of manifests: sluice check DIR\n"],
    [["check", canary, "--jsno"], "error: there is no option --jsno; did you mean --json?\n"],
    [["check", canary, "--config"], "error: --config needs a value\n"],
    [["check", canary, articles], `error: one argument too many: ${articles}\n`],
    [["dev", canary, "--acces-log"], "error: there is no option --acces-log; did you mean --access-log?\n"],
    [["publish", canary, articles], `error: one argument too many: ${articles}\n`],
    [
      ["dev", canary, "--entrypoint", "web"],
      'error: --entrypoint "web" must have the form --entrypoint web=127.0.0.1:8787\n',
    ],
    [["dev", canary, "--port=80"], "error: there is no option --port (--help lists them)\n"],
    [["rollback"], "error: missing required positional argument: GENERATION (sluice rollback --help tells more)\n"],
    [["chek", canary], "error: there is no command chek; did you mean check?\n"],
    [["--jsno"], "error: no command specified (sluice --help tells more)\n"],
    [["explain", canary], "error: name the folder of manifests and a URL: sluice explain DIR URL\n"],
  ])("%j: 2", async (args, stderr) => {
    expect(await run(...args)).toEqual({ code: 2, stdout: "", stderr });
  });

  it.each([[[]], [["check", canary, "-h"]]])("%j: how it is used, plain when piped", async (args) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("\nUSAGE sluice");
    expect(stripVTControlCharacters(stdout)).toBe(stdout);
  });

  it("lets a reader stop before the end", async () => {
    const child = spawn(process.execPath, [shim, "explain", canary, "http://canary.example.com/"]);
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([child.stderr.setEncoding("utf8").toArray(), once(child, "close")]);
    expect([stderr.join(""), code]).toEqual(["", 0]);
  });

  it("explain takes options as curl does", async () => {
    const args = ["explain", canary, "http://127.0.0.1/", "-X", "POST", "-H", "Host: canary.example.com", "-H", "A: b"];
    const { code, stdout } = await run(...args, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      request: { method: "POST", host: "canary.example.com" },
      router: { rule: "Host(`canary.example.com`)" },
    });
  });
});
