import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, type TestContext, test } from "vitest";
import { createLeaseClient } from "../../sync-agent/lease/lease-client.ts";
import type { Lease } from "../../sync-agent/lease/lease-record.ts";
import { createApiClient } from "../../sync-agent/source/cluster/create-api-client.ts";
import { loadKubeConfig } from "../../sync-agent/source/cluster/load-kube-config.ts";
import { startKubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";

const program = fileURLToPath(new URL("./elect.ts", import.meta.url));
const kind = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };

/** A server, and agents' parts in the election: processes of their own that can be stopped and killed. */
async function open({ onTestFinished }: TestContext) {
  const api = await startKubernetesApi({ requireToken: true });
  const children: ChildProcess[] = [];
  onTestFinished(async () => {
    await Promise.all(children.map(end));
    await api.close();
  });
  const replica = (identity: string) => {
    const child = spawn(process.execPath, [program, api.kubeconfigPath(), identity], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.push(child);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    return {
      next: async (): Promise<string | undefined> => (await lines.next()).value,
      ask: () => void child.stdin.write("?\n"),
      kill: (signal: NodeJS.Signals) => void child.kill(signal),
      ended: new Promise<number | null>((resolve) => child.once("exit", resolve)),
    };
  };
  const spec = () => api.get(kind, "agent")?.spec as Lease["spec"];
  const looks = () => api.requests.filter(({ verb, plural }) => verb === "get" && plural === "leases").length;
  /** Waits until the Lease was read so many times more. */
  const looked = (more: number) => {
    const before = looks();
    return api.until(() => looks() >= before + more);
  };
  return { api, replica, spec, looked };
}

function end(child: ChildProcess): Promise<unknown> | undefined {
  if (child.exitCode !== null || child.signalCode !== null) return undefined;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  return ended;
}

describe.concurrent("electors in processes of their own", () => {
  test("of two one leads; killed, the other follows; terminated, it leaves the Lease to nobody", async (context) => {
    const { replica, spec, looked } = await open(context);
    const a = replica("a");
    expect(await a.next()).toBe("started 0");
    const b = replica("b");
    await looked(2);
    a.kill("SIGKILL");
    expect(await b.next()).toBe("started 1");
    expect(spec()).toMatchObject({ holderIdentity: "b", leaseDurationSeconds: 3, leaseTransitions: 1 });
    const c = replica("c");
    await looked(1);
    b.kill("SIGTERM");
    expect(await c.next()).toBe("started 2");
    expect(await b.ended).toBe(0);
  });

  test("a frozen leader that is revived knows that its time is over before anything else", async (context) => {
    const { replica, spec } = await open(context);
    const a = replica("a");
    expect(await a.next()).toBe("started 0");
    const b = replica("b");
    a.ask();
    expect(await a.next()).toBe("leads true");
    a.kill("SIGSTOP");
    expect(await b.next()).toBe("started 1");
    a.ask();
    a.kill("SIGCONT");
    const said = [await a.next(), await a.next()];
    expect(said.sort()).toEqual(["leads false", "lost"]);
    expect(spec()).toMatchObject({ holderIdentity: "b" });
  });

  test("a leader that cannot reach the server stands down, and leads again when it can", async (context) => {
    const { api, replica, spec } = await open(context);
    const a = replica("a");
    expect(await a.next()).toBe("started 0");
    await api.down();
    expect(await a.next()).toBe("lost");
    a.ask();
    expect(await a.next()).toBe("leads false");
    await api.up();
    expect(await a.next()).toBe("started 0");
    expect(spec()?.holderIdentity).toBe("a");
  });

  test("a Lease that is deleted is made anew, and held by one", async (context) => {
    const { api, replica, spec } = await open(context);
    const a = replica("a");
    expect(await a.next()).toBe("started 0");
    api.delete(kind, "agent");
    await api.until(() => spec()?.holderIdentity === "a");
    a.ask();
    expect(await a.next()).toBe("leads true");
  });
});

async function client({ onTestFinished }: TestContext) {
  const api = await startKubernetesApi();
  const client = createApiClient(await loadKubeConfig({ kubeconfig: api.kubeconfigPath() }));
  onTestFinished(async () => {
    await client.close();
    await api.close();
  });
  return { api, leases: createLeaseClient(client, { namespace: "default", name: "agent" }) };
}

test.for([
  [403, "refused"],
  [422, "refused"],
  [409, "conflict"],
  [404, "not-found"],
  [500, "transient"],
  [429, "transient"],
] as const)("an answer of %d is an error that is %s", async ([answer, code], context) => {
  const { api, leases } = await client(context);
  api.fail({ match: { resource: "leases" }, answer });
  await expect(leases.get(new AbortController().signal)).rejects.toMatchObject({ code });
});

test("what is no Lease is not believed", async (context) => {
  const { api, leases } = await client(context);
  api.fail({ match: { resource: "leases" }, answer: "garbage", times: 1 });
  await expect(leases.get(new AbortController().signal)).rejects.toMatchObject({ code: "transient" });
});
