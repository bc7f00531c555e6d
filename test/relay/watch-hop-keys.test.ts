import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readHopKeys } from "../../relay/table/hop-keys.ts";
import { watchHopKeys } from "../../relay/table/watch-hop-keys.ts";
import { createTokenSigner } from "../../src/hop/token.ts";

let dir: string;
const closers: (() => void)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-keys-"));
});
afterEach(async () => {
  for (const closer of closers.splice(0)) closer();
  await rm(dir, { recursive: true });
});

async function makeKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid },
    whole: { ...(await exportJWK(privateKey)), kid },
    sign: async () => createTokenSigner({ key: privateKey, kid, now: Date.now }).sign("app"),
  };
}

const put = (name: string, value: unknown): Promise<void> => writeFile(join(dir, name), JSON.stringify(value));

describe("the edge's keys", () => {
  it.each(["a key", "a set", "a folder"])("are read from %s", async (form) => {
    const [one, two] = [await makeKey("one"), await makeKey("two")];
    await put("one.json", form === "a set" ? { keys: [one.jwk, two.jwk] } : one.jwk);
    if (form === "a folder") {
      await put("two.json", { keys: [two.jwk] });
      // As Kubernetes mounts a Secret.
      await writeFile(join(dir, "..data"), "no key");
    }
    const keys = await readHopKeys(form === "a folder" ? dir : join(dir, "one.json"));
    expect([...keys.keys()].sort()).toEqual(form === "a key" ? ["one"] : ["one", "two"]);
  });

  it("are kept without their private half", async () => {
    await put("key.json", (await makeKey("one")).whole);
    expect(Object.keys((await readHopKeys(dir)).get("one") ?? {}).sort()).toEqual(["crv", "kid", "kty", "x"]);
  });

  it("follow their folder: one comes, one goes, and one that is broken changes nothing", async () => {
    const [one, two] = [await makeKey("one"), await makeKey("two")];
    await put("one.json", one.jwk);
    const problems: string[] = [];
    const verifier = await watchHopKeys(dir, (problem) => problems.push(problem), 5);
    closers.push(() => verifier.close());
    const verdicts = async () => [
      await verifier.verify(await one.sign(), "app"),
      await verifier.verify(await two.sign(), "app"),
    ];
    expect(await verdicts()).toEqual([true, false]);
    await put("draft", two.jwk);
    await rename(join(dir, "draft"), join(dir, "two.json"));
    await expect.poll(verdicts).toEqual([true, true]);
    await rm(join(dir, "one.json"));
    await expect.poll(verdicts).toEqual([false, true]);
    await writeFile(join(dir, "two.json"), "{");
    await expect.poll(() => problems.join()).toContain("two.json: it is not JSON; the keys stay as they were");
    expect(await verdicts()).toEqual([false, true]);
  });

  it.each([
    ["nothing there", undefined, /there is no such file/],
    ["no JSON", "{", /it is not JSON/],
    ["no kid", JSON.stringify({ kty: "OKP", crv: "Ed25519", x: "A" }), /no JWK or JWK set/],
    ["another kind of key", JSON.stringify({ kid: "a", kty: "EC", crv: "P-256", x: "A" }), /no JWK or JWK set/],
    ["a key that is none", JSON.stringify({ kid: "a", kty: "OKP", crv: "Ed25519", x: "AAAA" }), /no Ed25519 key/],
    ["an empty set", JSON.stringify({ keys: [] }), /no JWK or JWK set/],
  ])("are refused when there is %s", async (_, text, message) => {
    const file = join(dir, "keys.json");
    if (text !== undefined) await writeFile(file, text);
    await expect(readHopKeys(file)).rejects.toThrow(message);
  });

  it("are missed in an empty folder", async () => {
    await expect(readHopKeys(dir)).rejects.toThrow(/there is no key in it/);
  });
});
