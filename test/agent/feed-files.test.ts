import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readAgentSettings } from "../../sync-agent/agent/agent-settings.ts";
import { startAgent } from "../../sync-agent/agent/start-agent.ts";
import { createAuthority, names } from "../relay/tls/certificate-authority.ts";
import { fakeParts } from "./fake-parts.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-feed-files-"));
});
afterAll(() => rm(dir, { recursive: true }));

async function startWith(cert: string, key: string): Promise<unknown> {
  const files = { token: "secret", cert, key };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  const flags = {
    endpoint: "http://127.0.0.1:1",
    "account-id": "a",
    "kv-namespace-id": "b",
    feed: "127.0.0.1:0",
    lease: false,
    "feed-token-file": join(dir, "token"),
    "feed-cert-file": join(dir, "cert"),
    "feed-key-file": join(dir, "key"),
  };
  const settings = readAgentSettings(flags, { env: { CLOUDFLARE_API_TOKEN: "token" }, hostName: "agent" });
  return startAgent(settings, fakeParts().parts.log, async () => {
    throw new Error("the files are taken");
  });
}

it("names the flags when what they name is no certificate and its key", async () => {
  const authority = await createAuthority("feed");
  const [one, other] = await Promise.all([
    authority.issue([names.dns("agent.example")]),
    authority.issue([names.dns("agent.example")]),
  ]);
  const wrong = `--feed-cert-file ${dir}/cert and --feed-key-file ${dir}/key are not a certificate and its key`;
  await expect(startWith("nothing", one.key)).rejects.toThrow(wrong);
  await expect(startWith(one.cert, other.key)).rejects.toThrow(wrong);
  await expect(startWith(one.cert, one.key)).rejects.toThrow("the files are taken");
});
