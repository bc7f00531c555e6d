import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { beforeAll, expect, it } from "vitest";

const run = promisify(execFile);

beforeAll(async () => {
  await run(process.execPath, ["scripts/build-image-program.ts"]);
}, 60_000);

/** What the image runs, as it runs it: one file, with nothing beside it. */
const program = (...args: string[]) => run(process.execPath, ["dist/sluice.mjs", ...args], { cwd: process.cwd() });

it("the image's program knows its version", async () => {
  expect((await program("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it("the image's program is ASCII, which Node keeps in half the memory", async () => {
  expect((await readFile("dist/sluice.mjs", "utf8")).search(/[^\0-\x7f]/)).toBe(-1);
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
