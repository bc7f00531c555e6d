import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SettingsError } from "../../sync-agent/agent/agent-settings.ts";
import { loadSealKey } from "../../sync-agent/agent/load-seal-key.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

const load = async (text: string) => {
  const sealKeyFile = join(folder, "key");
  await writeFile(sealKeyFile, text);
  return loadSealKey({ sealKeyFile });
};

it("is what openssl rand -base64 32 prints", async () => {
  const bytes = new Uint8Array(32).map((_, index) => index * 8);
  expect(new Uint8Array((await load(`${Buffer.from(bytes).toString("base64")}\n`)) ?? [])).toEqual(bytes);
});

it("is none when none is named", async () => {
  expect(await loadSealKey({ sealKeyFile: undefined })).toBeUndefined();
});

it.each(["", "short", Buffer.alloc(33).toString("base64")])("%j stops the agent, and is not repeated", async (text) => {
  const error = await load(text).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SettingsError);
  if (text !== "") expect(String(error)).not.toContain(text);
});
