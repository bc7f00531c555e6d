import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { startDev } from "../../cli/dev/start-dev.ts";
import { examples, runExample } from "./run-example.ts";
import { send, servedBy } from "./send.ts";

const execute = promisify(execFile);
const closers: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(closers.map((close) => close())));

const HOST = "shop.example.com";

it("backend-tls: nobody is asked while the authority is missing", async () => {
  const { dev, ask } = await runExample("backend-tls/manifests");
  expect(dev.problems().map(({ code }) => code)).toContain("config-map-not-found");
  expect((await ask(HOST)).status).toBe(500);
});

it("backend-tls: the Service answers when the authority is there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-backend-tls-"));
  closers.push(() => rm(folder, { recursive: true }));
  await execute(`${examples}/backend-tls/make-certificates.sh`, [folder]);
  const manifests = join(folder, "manifests");
  await cp(`${examples}/backend-tls/manifests`, manifests, { recursive: true });
  await cp(join(folder, "shop-authority.yaml"), join(manifests, "shop-authority.yaml"));
  const dev = await startDev({ dir: manifests, anyPort: true });
  closers.push(() => dev.close());
  expect(dev.problems()).toEqual([]);
  expect(servedBy(await send(dev.url("web"), "/", { host: HOST }), ["shop"])).toBe("shop");
});
