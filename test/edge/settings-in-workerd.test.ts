import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleWorker } from "../../cli/dev/bundle-worker.ts";
import { pointerKey } from "../../src/snapshot/leaf-keys.ts";
import { plan } from "../../src/snapshot/plan.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

const PUBLISHER = "test";
const table = makeTable([makeRouter("app@kubernetescrd", hostRule("app.example.com"))]);
table.entryPoints = { web: { port: 80 } };

const cases: readonly [string, Record<string, string>][] = [
  ["that are empty", { ADMIN_PATH: "", ADMIN_HOST: "", ADMIN_KEYS: "", ENTRY_POINTS: "", HOP_KEY: "", SEAL_KEY: "" }],
  ["of an admin API below everything", { ADMIN_PATH: "/", ADMIN_KEYS: '{"keys":[]}' }],
  ["that are not JSON", { ADMIN_PATH: "/admin", ADMIN_KEYS: "secret", ENTRY_POINTS: "web", HOP_KEY: "secret" }],
  [
    "that are JSON of another kind",
    { ADMIN_PATH: "/admin", ADMIN_KEYS: '{"k":1}', ENTRY_POINTS: "80", HOP_KEY: "null" },
  ],
];

let miniflare: Miniflare;
const nameOf = (index: number): string => `edge-${index}`;

beforeAll(async () => {
  const contents = await bundleWorker([]);
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        { name: "gateway", modules: true, compatibilityDate: "2026-11-17", script: "export default {}" },
        ...cases.map(([, bindings], index) => ({
          name: nameOf(index),
          compatibilityDate: "2026-11-17",
          modules: [{ type: "ESModule" as const, path: "worker.mjs", contents }],
          kvNamespaces: { TABLE: "table" },
          serviceBindings: { ORIGIN: "gateway" },
          bindings: { PUBLISHER, ...bindings },
        })),
      ],
    }),
  );
  const { rootHash, writes } = plan({ desired: table, publisher: PUBLISHER, hash: contentHash });
  const kv = await miniflare.getKVNamespace("TABLE", nameOf(0));
  for (const [key, value] of writes) await kv.put(key, value);
  const pointer = { publisher: PUBLISHER, epoch: 1, generation: 1, root: rootHash };
  await kv.put(pointerKey(PUBLISHER), JSON.stringify(pointer));
});

afterAll(() => miniflare?.dispose());

it.each(cases.map(([what], index) => [what, index] as const))("variables %s take no request down", async (_, index) => {
  const edge = await miniflare.getWorker(nameOf(index));
  const answer = await edge.fetch("http://app.example.com/");
  expect([answer.status, await answer.text()]).toEqual([503, "no available server"]);
  expect((await edge.fetch("http://other.example.com/")).status).toBe(404);
});
