import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleWorker } from "../../cli/dev/bundle-worker.ts";
import { ADMIN_AUDIENCE } from "../../src/admin/verify-admin-token.ts";
import { plan } from "../../src/snapshot/plan.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

/** The Worker with production's settings: one address for all entry points, and an admin host. */
let miniflare: Miniflare;
let sign: (scope: string) => Promise<string>;
const publisher = "test";
const admin = "admin.example.com";

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  sign = (scope) =>
    new SignJWT({ scope })
      .setProtectedHeader({ alg: "EdDSA", kid: "k" })
      .setAudience(ADMIN_AUDIENCE)
      .setExpirationTime("1h")
      .sign(privateKey);
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "k" }] };
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          name: "sluice",
          compatibilityDate: "2026-11-17",
          modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundleWorker([]) }],
          kvNamespaces: { TABLE: "table" },
          durableObjects: { BEACON: { className: "Beacon", useSQLite: true } },
          bindings: { PUBLISHER: publisher, ADMIN_HOST: admin, ADMIN_KEYS: JSON.stringify(keys) },
        },
      ],
    }),
  );
  await miniflare.ready;
});

afterAll(() => miniflare?.dispose());

const ask = async (path: string, scope?: string, init: { method?: string; body?: string } = {}) => {
  const headers: Record<string, string> = scope === undefined ? {} : { Authorization: `Bearer ${await sign(scope)}` };
  return miniflare.dispatchFetch(`https://${admin}${path}`, { ...init, headers });
};

it("takes a publisher's word, and tells what is served", async () => {
  const before = (await (await ask("/api/generation", "read")).json()) as { pointer?: unknown };
  expect(before.pointer).toBeUndefined();

  const table = makeTable([makeRouter("app@kubernetescrd", hostRule("app.example.com"))]);
  table.entryPoints = { web: { port: 80 } };
  const { rootHash, writes } = plan({ desired: table, publisher, hash: contentHash });
  const kv = await miniflare.getKVNamespace("TABLE");
  for (const [key, value] of writes) await kv.put(key, value);

  const advance = JSON.stringify({ expected: null, next: { epoch: 1, root: rootHash, publisher } });
  expect((await ask("/api/generation", "read", { method: "POST", body: advance })).status).toBe(403);
  const moved = await ask("/api/generation", "publish", { method: "POST", body: advance });
  expect(await moved.json()).toEqual({ pointer: { publisher, epoch: 1, generation: 1, root: rootHash } });
  const again = await ask("/api/generation", "publish", { method: "POST", body: advance });
  expect(again.status).toBe(409);

  const after = (await (await ask("/api/generation", "read")).json()) as { pointer: { generation: number } };
  expect(after.pointer.generation).toBe(1);
  const routed = await miniflare.dispatchFetch("http://app.example.com/");
  expect([routed.status, await routed.text()]).toEqual([503, "no available server"]);
  const rawdata = (await (await ask("/api/rawdata", "read")).json()) as { routers: Record<string, { rule: string }> };
  expect(Object.keys(rawdata.routers)).toEqual(["app@kubernetescrd"]);
});

it("refuses what is no advance, in words", async () => {
  const answer = await ask("/api/generation", "publish", {
    method: "POST",
    body: '{"expected":null,"next":{"epoch":-1}}',
  });
  expect(answer.status).toBe(400);
  expect(((await answer.json()) as { error: string }).error).toMatch(/next\.epoch/);
});

it("answers the admin API on its host alone", async () => {
  expect((await miniflare.dispatchFetch("https://app.example.com/ping")).status).toBe(404);
  expect((await ask("/ping")).status).toBe(200);
});
