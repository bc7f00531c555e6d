import { expect, it } from "vitest";
import { runExample } from "./run-example.ts";
import { servedBy } from "./send.ts";

it("rate-limit: five tries at once, by client; 429 says when to come back", async () => {
  const { ask, dev } = await runExample("rate-limit");
  expect(dev.problems().filter(({ severity }) => severity !== "notice")).toEqual([]);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask("login.example.com")));
  const passed = answers.filter(({ status }) => status === 200);
  expect(passed).toHaveLength(5);
  expect(servedBy(passed[0] ?? { body: "" }, ["login", "api"])).toBe("login");
  const refused = await ask("login.example.com", "/", { headers: { "X-Forwarded-For": "203.0.113.9" } });
  expect([refused.status, refused.body]).toEqual([429, "Too Many Requests"]);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(60);
  expect(refused.headers["x-retry-in"]).toMatch(/^(1m0s|[\d.]+s)$/);
});

it("rate-limit: each tenant has a limit of its own", async () => {
  const { ask } = await runExample("rate-limit");
  const flood = async (tenant: string): Promise<number> => {
    const began = performance.now();
    const sent = Array.from({ length: 40 }, () => ask("api.example.com", "/", { headers: { "X-Tenant": tenant } }));
    const passed = (await Promise.all(sent)).filter(({ status }) => status === 200).length;
    // One comes back each second, and one more may have waited for its own.
    expect(passed).toBeLessThanOrEqual(21 + Math.ceil((performance.now() - began) / 1000));
    return passed;
  };
  // Half of a burst is never given ahead, and so never lost to a machine that is slow.
  for (const tenant of ["blue", "green", "x".repeat(5000)]) expect(await flood(tenant)).toBeGreaterThanOrEqual(10);
});
