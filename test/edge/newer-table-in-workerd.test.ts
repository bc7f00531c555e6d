import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleWorker } from "../../cli/dev/bundle-worker.ts";
import { pointerKey } from "../../src/snapshot/leaf-keys.ts";
import { plan } from "../../src/snapshot/plan.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

const PUBLISHER = "test";

let miniflare: Miniflare;

beforeAll(async () => {
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "edge",
      compatibilityDate: "2026-11-17",
      modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundleWorker([]) }],
      kvNamespaces: { TABLE: "table" },
      bindings: { PUBLISHER },
    }),
  );
  const entryPoints = { web: Object.assign({ port: 80 }, { clientAuth: "new" }), other: { port: 8080 } };
  const desired = {
    ...makeTable([makeRouter("app", hostRule("app.example.com"), { entryPoints: Object.keys(entryPoints) })]),
    entryPoints,
    services: { app: { type: "status" as const, status: 418 } },
  };
  const { rootHash, writes } = plan({ desired, publisher: PUBLISHER, hash: contentHash });
  const kv = await miniflare.getKVNamespace("TABLE");
  for (const [key, value] of writes) await kv.put(key, value);
  const pointer = { publisher: PUBLISHER, epoch: 1, generation: 1, root: rootHash };
  await kv.put(pointerKey(PUBLISHER), JSON.stringify(pointer));
});

afterAll(() => miniflare?.dispose());

it.each([
  ["at an entry point that a newer agent says something new of is refused", "http://app.example.com/", 503],
  ["at another one is served", "http://app.example.com:8080/", 418],
])("a request %s", async (_, url, status) => {
  expect((await miniflare.dispatchFetch(url)).status).toBe(status);
});
