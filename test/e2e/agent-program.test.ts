import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type KubernetesApi, startKubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";
import { type Cloudflare, startCloudflare } from "./start-cloudflare.ts";

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "app", namespace: "default" },
  spec: { clusterIP: "None", ports: [{ port: 80 }] },
};

let api: KubernetesApi;
let cloudflare: Cloudflare;
let dir: string;
const agents: Agent[] = [];

beforeEach(async () => {
  [api, cloudflare] = await Promise.all([startKubernetesApi(), startCloudflare()]);
  dir = await mkdtemp(join(tmpdir(), "sluice-agents-"));
  await writeFile(join(dir, "token"), "secret");
  api.apply(service);
}, 60_000);
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.kill();
  await cloudflare.close();
  await api.close();
  await rm(dir, { recursive: true });
}, 60_000);

interface Agent {
  child: ChildProcess;
  logs: { msg: string; [field: string]: unknown }[];
  kill(): Promise<void>;
}

async function run(identity: string): Promise<Agent> {
  const flags = [
    "--kubeconfig",
    await api.kubeconfigPath(),
    "--lease-namespace",
    "default",
    "--identity",
    identity,
    "--feed",
    "127.0.0.1:0",
    "--operations",
    "127.0.0.1:0",
    "--feed-token-file",
    join(dir, "token"),
    "--throttle",
    "100ms",
    "--no-status",
    ...cloudflare.flags,
  ];
  const child = spawn(process.execPath, ["cli/sluice.ts", "agent", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const logs: Agent["logs"] = [];
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => logs.push(JSON.parse(line)));
  const agent: Agent = {
    child,
    logs,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    },
  };
  agents.push(agent);
  await expect.poll(() => logs.some(({ msg }) => msg === "started"), { timeout: 20_000 }).toBe(true);
  return agent;
}

const routeOf = (name: string) => ({
  apiVersion: "traefik.io/v1alpha1",
  kind: "IngressRoute",
  metadata: { name, namespace: "default" },
  spec: {
    entryPoints: ["web"],
    routes: [{ kind: "Rule", match: `Host(\`${name}.example.com\`)`, services: [{ name: "app", port: 80 }] }],
  },
});
const applyRoute = (name: string): void => void api.apply(routeOf(name));
const isRouted = async (name: string): Promise<boolean> =>
  (await cloudflare.get(`${name}.example.com`)).text === "no available server";
const routed = (name: string, timeout = 10_000): Promise<void> =>
  expect.poll(() => isRouted(name), { timeout, interval: 50 }).toBe(true);

it("an agent publishes what the cluster has, and ends well when it is told to", async () => {
  applyRoute("a");
  const agent = await run("one");
  await routed("a");
  applyRoute("b");
  await routed("b");
  const puts = () => cloudflare.api.requests.filter((request) => request.startsWith("PUT")).length;
  const before = puts();
  const exit = once(agent.child, "exit");
  agent.child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);

  const next = await run("two");
  await expect.poll(() => next.logs.some(({ msg }) => /lead/.test(msg)), { timeout: 20_000 }).toBe(true);
  applyRoute("c");
  await routed("c");
  // One change: its leaf and the root. What was there already was not written again.
  expect(puts() - before).toBe(2);
}, 90_000);

it("a leader that was frozen and comes back cannot move the pointer; a killed one is replaced; the epoch grows though the Lease is gone", async () => {
  applyRoute("a");
  const first = await run("one");
  await routed("a");
  const second = await run("two");

  first.child.kill("SIGSTOP");
  applyRoute("b");
  await routed("b", 40_000);
  const epochs = async (): Promise<number[]> => (await readHistory()).map(({ epoch }) => epoch);
  const [taken = 0, former = 0] = await epochs();
  expect(taken).toBeGreaterThan(former);

  first.child.kill("SIGCONT");
  applyRoute("c");
  await routed("c");
  expect((await epochs())[0]).toBe(taken);

  await second.kill();
  api.delete({ apiVersion: "coordination.k8s.io/v1", kind: "Lease" }, { namespace: "default", name: "sluice-agent" });
  applyRoute("d");
  await routed("d", 40_000);
  expect((await epochs())[0]).toBeGreaterThan(taken);
}, 150_000);

async function readHistory(): Promise<{ epoch: number }[]> {
  const child = spawn(process.execPath, ["cli/sluice.ts", "history", "--json", ...cloudflare.flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  await once(child, "close");
  return JSON.parse(text);
}
