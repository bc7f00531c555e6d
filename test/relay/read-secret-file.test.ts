import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAuthorities, readSealKeys, readSecretFile } from "../../relay/read-secret-file.ts";
import { createAuthority } from "./tls/certificate-authority.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-secret-"));
});
afterAll(() => rm(dir, { recursive: true }));

async function fileOf(text: string): Promise<string> {
  const file = join(dir, "secret");
  await writeFile(file, text);
  return file;
}

describe("what is taken", () => {
  it("a token, without the line's end", async () => {
    expect(await readSecretFile("--feed-token-file", await fileOf("secret\n"))).toBe("secret");
  });

  it("a certificate in PEM, and one after another", async () => {
    const { cert } = await createAuthority("one");
    const text = `# ours\n${cert}\n${cert}`;
    expect(await readAuthorities("--feed-ca-file", await fileOf(`${text}\n`))).toBe(text.trim());
  });

  it.each([KEY, `${KEY},${KEY}`, KEY.replace(/=+$/, "")])("a sealing key: %s", async (text) => {
    expect(await readSealKeys("--seal-key-file", await fileOf(`${text}\n`))).toBe(text);
  });
});

describe("what is refused, with flag and file", () => {
  it("a file that is not there, or holds nothing", async () => {
    await expect(readSecretFile("--f", join(dir, "none"))).rejects.toThrow(`--f ${dir}/none cannot be read (ENOENT)`);
    await expect(readSecretFile("--f", await fileOf(" \n"))).rejects.toThrow(`--f ${dir}/secret is empty`);
  });

  it.each(["secret", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])(
    "no certificate: %j",
    async (text) => {
      await expect(readAuthorities("--f", await fileOf(text))).rejects.toThrow("--f");
    },
  );

  it.each(["secret", ",", `${KEY},short`, `${KEY}${KEY}`])("no sealing key: %s", async (text) => {
    await expect(readSealKeys("--f", await fileOf(text))).rejects.toThrow(/^--f \S+ holds no key: 32 bytes in base64/);
  });
});
