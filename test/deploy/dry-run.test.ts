import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";

/** What a Worker of this kind may weigh: it is loaded at every cold start. */
const BUDGET_KIB = 150;

const wrangler = "node_modules/wrangler/bin/wrangler.js";
let home: string;
let printed: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "sluice-deploy-"));
  // A home and an environment of its own: no account, no telemetry, no look for a newer version.
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [wrangler, "deploy", "--dry-run", "--outdir", join(home, "out")],
    {
      env: {
        PATH: process.env.PATH,
        HOME: home,
        CI: "true",
        NO_COLOR: "1",
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_HIDE_BANNER: "true",
      },
    },
  );
  printed = stdout;
});

afterAll(() => rm(home, { recursive: true }));

it("binds the table, the beacon, the gateway and the publisher", () => {
  const bound = [...printed.matchAll(/^env\.(\w+) .*?(\S+ \S+)\s*$/gm)].map(([, name, kind]) => [name, kind]);
  expect(Object.fromEntries(bound)).toEqual({
    TABLE: "KV Namespace",
    BEACON: "Durable Object",
    RATE_LIMITER: "Durable Object",
    ORIGIN: "VPC Service",
    PUBLISHER: "Environment Variable",
  });
});

it(`weighs less than ${BUDGET_KIB} KiB, compressed`, async () => {
  const bundle = await readFile(join(home, "out", "worker.js"));
  const kib = gzipSync(bundle).length / 1024;
  expect(kib).toBeLessThan(BUDGET_KIB);
  // An empty bundle would pass too.
  expect(kib).toBeGreaterThan(10);
});

it.each(["Beacon", "RateLimiter"])("exports the Durable Object %s that wrangler.toml names", async (name) => {
  const bundle = await readFile(join(home, "out", "worker.js"), "utf8");
  expect(bundle).toMatch(new RegExp(`export\\s*\\{[^}]*\\b${name}\\b`));
});
