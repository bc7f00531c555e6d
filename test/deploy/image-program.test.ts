import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, it } from "vitest";

const run = promisify(execFile);

beforeAll(async () => {
  await run(process.execPath, ["scripts/build-image-program.ts"]);
}, 60_000);

const FOLDER = "dist/image";

/** What the image runs, as it runs it. */
const program = (...args: string[]) => run(process.execPath, [join(FOLDER, "sluice.mjs"), ...args]);

it("the image's program knows its version", async () => {
  expect((await program("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it("the image's program is ASCII, which Node keeps in half the memory", async () => {
  const files = (await readdir(FOLDER, { recursive: true })).filter((name) => name.endsWith(".mjs"));
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect((await readFile(join(FOLDER, file), "utf8")).search(/[^\0-\x7f]/)).toBe(-1);
});

it("what reads kubeconfigs, the half of all, is beside the image's program and not in it", async () => {
  expect((await stat(join(FOLDER, "sluice.mjs"))).size).toBeLessThan(4_500_000);
  const flags = ["--account-id=a", "--kv-namespace-id=b", "--api-token-file=nowhere", "--kubeconfig=/no/such/file"];
  await expect(program("agent", "--dry-run", ...flags)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("The kubeconfig /no/such/file cannot be read"),
  });
});

it("the image's program says in one line of a command that it does not have", async () => {
  await expect(program("rellay")).rejects.toMatchObject({
    code: 2,
    stdout: "",
    stderr: "error: there is no command rellay; did you mean relay?\n",
  });
});

it.each([
  ["agent", "error: name Cloudflare's account"],
  ["relay", "error: name the agents' feed"],
])("the image's program starts as %s, and says in one line what is missing", async (name, message) => {
  await expect(program(name)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(new RegExp(`^${message}.*\\n$`)),
  });
});
