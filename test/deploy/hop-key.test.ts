import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { JWK } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTokenSigner, createTokenVerifier } from "../../src/hop/token.ts";

/** The commands of docs/deploy.md that make files of keys. */
const commands = [...(await readFile("docs/deploy.md", "utf8")).matchAll(/^ {4}(node -e .* > hop-key\S*)$/gm)].map(
  ([, command = ""]) => command,
);
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-key-"));
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  for (const command of commands) await promisify(execFile)("sh", ["-c", command], { cwd: dir, env });
});

afterAll(() => rm(dir, { recursive: true }));

const readKey = async (file: string) => JSON.parse(await readFile(join(dir, file), "utf8")) as JWK & { kid: string };

it("the key that docs/deploy.md makes signs what its public half verifies", async () => {
  const key = await readKey("hop-key.json");
  const publicKey = await readKey("hop-key.pub.json");
  expect(publicKey).not.toHaveProperty("d");
  const token = await createTokenSigner({ key, kid: key.kid, now: Date.now }).sign("default-app-80");
  const verifier = createTokenVerifier({ keys: { [publicKey.kid]: publicKey }, now: Date.now });
  expect(await verifier.verify(token, "default-app-80")).toBe(true);
  expect(await verifier.verify(token, "default-other-80")).toBe(false);
});
