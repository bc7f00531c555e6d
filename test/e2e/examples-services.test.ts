import { readFile } from "node:fs/promises";
import { afterAll, expect, it } from "vitest";
import { runExample } from "./run-example.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { type Answer, send, servedBy, whoamiLine } from "./send.ts";

const running: Running[] = [];
afterAll(() => Promise.all(running.splice(0).map((one) => one.close())));

const podOf = ({ body }: Answer): string | undefined => whoamiLine(body, "Hostname");

/** Resolves when a line that fits is logged. */
function waitForLog() {
  const waiting: { text: string; resolve: () => void }[] = [];
  return {
    log: (_: string, message: string): void => {
      for (const { text, resolve } of waiting) if (message.includes(text)) resolve();
    },
    logged: (text: string): Promise<void> => new Promise((resolve) => waiting.push({ text, resolve })),
  };
}

it.each(["health-check.example.com", "shop.example.com"])(
  "health-check: a Pod of %s that says it is ill gets no requests",
  async (host) => {
    const { log, logged } = waitForLog();
    const { ask, dev } = await runExample("health-check", { log });
    expect(dev.problems()).toEqual([]);
    const well = [podOf(await ask(host)), podOf(await ask(host))];
    expect(new Set(well).size).toBe(2);

    const isOut = logged("does not pass its health check");
    expect((await ask(host, "/health", { method: "POST", body: "503" })).status).toBe(200);
    await isOut;
    const pods = new Set<string | undefined>();
    for (let i = 0; i < 4; i++) pods.add(podOf(await ask(host)));
    expect(pods.size).toBe(1);

    const isEmpty = logged("does not pass its health check");
    await ask(host, "/health", { method: "POST", body: "500" });
    await isEmpty;
    const nobody = await ask(host);
    expect([nobody.status, nobody.body]).toEqual([503, "no available server"]);
  },
);

it("strategies: each is served, and hrw keeps a client with its Pod", async () => {
  const { ask, dev } = await runExample("strategies");
  expect(dev.problems()).toEqual([]);
  const strategies = Object.values(dev.table().services).map(
    (service) => service.type === "loadBalancer" && service.strategy,
  );
  expect(strategies.toSorted()).toEqual(["drr", "hrw", "leasttime", "p2c"]);
  for (const name of ["p2c", "leasttime", "hrw", "drr"]) {
    const pods = new Set<string | undefined>();
    for (let i = 0; i < 12; i++) {
      const answer = await ask(`${name}.example.com`);
      expect(servedBy(answer, [name])).toBe(name);
      pods.add(podOf(answer));
    }
    if (name === "hrw") expect(pods.size).toBe(1);
    if (name === "drr") expect(pods.size).toBe(2);
  }
});

it("sticky-header: a user has one version and one Pod of it", async () => {
  const { ask, dev } = await runExample("sticky-header");
  expect(dev.problems()).toEqual([]);
  const versions = new Set<string>();
  for (let user = 0; user < 16; user++) {
    const pods = new Set<string | undefined>();
    for (let i = 0; i < 3; i++) {
      const answer = await ask("sticky-header.example.com", "/", { headers: { "X-User": `user-${user}` } });
      expect(answer.headers["set-cookie"]).toBeUndefined();
      pods.add(podOf(answer));
      versions.add(servedBy(answer, ["blue", "green"]));
    }
    expect(pods.size).toBe(1);
  }
  expect([...versions].toSorted()).toEqual(["blue", "green"]);
});

it("failover-status: the fallback answers in place of errors, with the body", async () => {
  const { ask, dev } = await runExample("failover-status");
  expect(dev.problems()).toEqual([]);
  const host = "failover-status.example.com";
  expect(servedBy(await ask(host), ["blue", "green"])).toBe("blue");
  for (let pod = 0; pod < 2; pod++) await ask(host, "/health", { method: "POST", body: "503" });
  for (let i = 0; i < 4; i++) expect((await ask(host, "/health")).status).toBe(200);
  expect(servedBy(await ask(host), ["blue", "green"])).toBe("blue");
});

it("ramp: who has the new version at 5 of 100 has it at 25", async () => {
  const { ask, dev } = await runExample("ramp");
  expect(dev.problems()).toEqual([]);
  const manifests = await readFile("examples/ramp/ramp.yaml", "utf8");
  const raised = await runManifests(
    manifests.replace("weight: 95", "weight: 75").replace("weight: 5\n", "weight: 25\n"),
  );
  running.push(raised);
  const host = "ramp.example.com";
  const counts = { before: 0, after: 0 };
  for (let user = 0; user < 100; user++) {
    const headers = { Cookie: `user=${user}` };
    const [before, after] = await Promise.all([
      ask(host, "/", { headers }),
      send(raised.url("web"), "/", { host, headers }),
    ]);
    const [was, is] = [before, after].map((answer) => servedBy(answer, ["shop", "next"]));
    if (was === "next") {
      counts.before += 1;
      expect(is).toBe("next");
    }
    if (is === "next") counts.after += 1;
  }
  expect(counts.before).toBeGreaterThan(0);
  expect(counts.after).toBeGreaterThan(counts.before);
});
