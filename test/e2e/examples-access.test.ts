import { expect, it } from "vitest";
import { examples, runExample } from "./run-example.ts";

it("ip-allow-list: only some addresses pass, and X-Forwarded-For counts where it is trusted", async () => {
  const { ask, dev } = await runExample("ip-allow-list/manifests", {
    config: `${examples}/ip-allow-list/traefik.yaml`,
  });
  expect(dev.problems()).toEqual([]);
  const status = async (host: string, forwardedFor?: string): Promise<number> => {
    const headers = forwardedFor === undefined ? {} : { "X-Forwarded-For": forwardedFor };
    return (await ask(`${host}.example.com`, "/", { headers })).status;
  };
  expect(await status("office")).toBe(200);
  expect(await status("elsewhere")).toBe(404);
  expect(await status("elsewhere", "198.51.100.1")).toBe(404);
  expect(await status("behind-proxy", "203.0.113.7")).toBe(200);
  expect(await status("behind-proxy", "203.0.113.7, 198.51.100.1")).toBe(403);
  expect(await status("behind-proxy")).toBe(403);
});

it("ip-allow-list: without trusted proxies X-Forwarded-For opens nothing", async () => {
  const { ask } = await runExample("ip-allow-list/manifests");
  const forged = { headers: { "X-Forwarded-For": "203.0.113.7" } };
  expect((await ask("behind-proxy.example.com", "/", forged)).status).toBe(403);
});
