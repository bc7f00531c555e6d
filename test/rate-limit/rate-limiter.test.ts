import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { compileLimit, type Grant, type Limit } from "../../src/rate-limit/token-bucket.ts";

/** The object with ways to look into it, and to end it as a deploy would. */
const SOURCE = `
  import { RateLimiter } from "./src/rate-limit/rate-limiter.ts";
  export class Limiter extends RateLimiter {
    saved() { return this.ctx.storage.kv.get("bucket") ?? null; }
    alarmAt() { return this.ctx.storage.getAlarm(); }
    async age() {
      const saved = this.saved();
      this.ctx.storage.kv.put("bucket", { ...saved, fullAt: 0 });
      await this.ctx.storage.setAlarm(Date.now());
    }
    die() { this.ctx.abort("the test ends it"); }
  }
  export default { fetch: () => new Response() };
`;

interface Limiter {
  take(limit: Limit, want: number): Promise<Grant>;
  saved(): Promise<{ tokens: number; fullAt: number } | null>;
  alarmAt(): Promise<number | null>;
  age(): Promise<void>;
  die(): Promise<void>;
}

let miniflare: Miniflare;
let limiter: (name: string) => Limiter;

beforeAll(async () => {
  const bundle = await build({
    stdin: { contents: SOURCE, resolveDir: process.cwd(), loader: "ts" },
    bundle: true,
    format: "esm",
    write: false,
    external: ["cloudflare:*"],
    conditions: ["workerd", "worker", "browser"],
  });
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      handleStructuredLogs: () => {},
      workers: [
        {
          name: "limiter",
          compatibilityDate: "2026-11-17",
          modules: [{ type: "ESModule", path: "worker.mjs", contents: bundle.outputFiles[0]?.text ?? "" }],
          durableObjects: { LIMITER: { className: "Limiter", useSQLite: true } },
        },
      ],
    }),
  );
  const { LIMITER } = await miniflare.getBindings<{ LIMITER: { getByName(name: string): Limiter } }>();
  limiter = (name) => LIMITER.getByName(name);
});

afterAll(() => miniflare.dispose());

const limitOf = (average: number, periodMs: number, burst: number): Limit => {
  const limit = compileLimit({ average, periodMs, burst });
  if (limit === undefined) throw new Error("no limit");
  return limit;
};
const slow = limitOf(1, 3_600_000, 10);
const fast = limitOf(10, 1000, 10);

/** Tokens that are given one by one until none is left. */
async function drain(name: string, limit: Limit): Promise<number> {
  const grants = await Promise.all(Array.from({ length: 20 }, () => limiter(name).take(limit, 1)));
  return grants.reduce((sum, { granted }) => sum + granted, 0);
}

describe("the object in workerd", () => {
  it("counts those that ask at once one after the other", async () => {
    expect(await drain("counts", slow)).toBe(10);
    const { granted, waitMs } = await limiter("counts").take(slow, 5);
    expect(granted).toBe(0);
    expect(waitMs).toBeGreaterThan(3_500_000);
    expect(await drain("another", slow)).toBe(10);
  });

  it("remembers a slow bucket when it dies, and forgets it when it is full again", async () => {
    await drain("slow", slow);
    await vi.waitFor(async () => expect(await limiter("slow").saved()).not.toBeNull(), { timeout: 10_000 });
    const alarmAt = await limiter("slow").alarmAt();
    expect(alarmAt).toBeGreaterThan(Date.now() + 9 * 3_600_000);
    await limiter("slow")
      .die()
      .catch(() => {});
    expect((await limiter("slow").take(slow, 1)).granted).toBe(0);
    await limiter("slow").age();
    await vi.waitFor(async () => expect(await limiter("slow").saved()).toBeNull(), { timeout: 10_000 });
    expect(await limiter("slow").alarmAt()).toBeNull();
  });

  it("writes nothing for a bucket that fills up soon, which is full after its death", async () => {
    await drain("fast", fast);
    await limiter("fast")
      .die()
      .catch(() => {});
    expect(await limiter("fast").saved()).toBeNull();
    expect(await drain("fast", fast)).toBeGreaterThanOrEqual(10);
  });
});
