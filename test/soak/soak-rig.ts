import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDevKeys } from "../../cli/dev/dev-keys.ts";
import { type KubernetesApi, startKubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";
import { type CuttableProxy, startCuttableProxy } from "./cuttable-proxy.ts";
import { type LogLine, portOf, runSluice, type SluiceProgram } from "./sluice-program.ts";
import { type SoakEdge, startSoakEdge } from "./soak-edge.ts";

/** The whole of Sluice: API server, agent, KV, Worker and relay, each a process or a server of its own. */
export interface SoakRig {
  readonly api: KubernetesApi;
  readonly edge: SoakEdge;
  readonly relay: SluiceProgram;
  /** What stands between the relay and each agent's feed. */
  readonly feeds: readonly CuttableProxy[];
  /** Kills the leader with -9 and starts another agent in its place; resolves when that one can feed relays. */
  replaceLeader(): Promise<void>;
  close(): Promise<void>;
}

/** As the chart has it. */
const REPLICAS = 2;

export interface SoakRigOptions {
  /** What the agents are told beyond where everything is. */
  agentFlags?: readonly string[];
  /** Takes what the programs log. */
  log?: (program: string, line: LogLine) => void;
}

export async function startSoakRig({ agentFlags = [], log }: SoakRigOptions = {}): Promise<SoakRig> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const dir = await mkdtemp(join(tmpdir(), "sluice-soak-"));
    closers.push(() => rm(dir, { recursive: true }));
    const [{ hop }, { hop: admin }] = await Promise.all([makeDevKeys(), makeDevKeys()]);
    const file = async (name: string, content: string): Promise<string> => {
      await writeFile(join(dir, name), content);
      return join(dir, name);
    };
    const tokenFile = await file("token", "secret");
    const keyFile = await file("hop-keys.json", JSON.stringify({ keys: [hop.publicKey] }));
    const apiTokenFile = await file("api-token", "api-token");
    const adminKeyFile = await file("admin-key.json", JSON.stringify(admin.privateKey));

    const api = await startKubernetesApi();
    closers.push(() => api.close());
    const feeds: CuttableProxy[] = [];
    for (let replica = 0; replica < REPLICAS; replica++) {
      const feed = await startCuttableProxy();
      closers.push(() => feed.close());
      feeds.push(feed);
    }
    const relay = await runSluice(
      (line) => log?.("relay", line),
      [
        "relay",
        ...["--feed", feeds.map(({ port }) => `http://127.0.0.1:${port}`).join(",")],
        ...["--feed-token-file", tokenFile],
        ...["--hop-keys", keyFile],
        ...["--gateway", "127.0.0.1:0"],
        ...["--operations", "127.0.0.1:0"],
      ],
    );
    closers.push(() => relay.kill());
    const edge = await startSoakEdge({ hop, admin }, portOf(relay, "gateway"));
    closers.push(() => edge.close());

    const agents: { name: string; program: SluiceProgram }[] = [];
    let started = 0;
    const startAgent = async (replica: number): Promise<void> => {
      started += 1;
      const name = `agent-${started}`;
      const program = await runSluice(
        (line) => log?.(name, line),
        [
          "agent",
          ...["--kubeconfig", api.kubeconfigPath()],
          ...["--lease-namespace", "default"],
          ...["--identity", name],
          ...["--feed", "127.0.0.1:0"],
          ...["--feed-token-file", tokenFile],
          ...["--operations", "127.0.0.1:0"],
          ...["--api-token-file", apiTokenFile],
          ...["--admin-key-file", adminKeyFile],
          ...edge.flags,
          ...agentFlags,
        ],
      );
      agents[replica] = { name, program };
      feeds[replica]?.target(portOf(program, "feed"));
      await program.logged("every kind has been read");
    };
    closers.push(async () => {
      for (const { program } of agents) await program.kill();
    });
    for (let replica = 0; replica < REPLICAS; replica++) await startAgent(replica);
    return {
      api,
      edge,
      relay,
      feeds,
      async replaceLeader() {
        const replica = Math.max(
          0,
          agents.findIndex(({ name }) => holderOf(api).startsWith(`${name}_`)),
        );
        await agents[replica]?.program.kill();
        await startAgent(replica);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Who leads, by the Lease. */
function holderOf(api: KubernetesApi): string {
  const kind = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
  const lease = api.get(kind, "sluice-agent") as { spec?: { holderIdentity?: string } } | undefined;
  return lease?.spec?.holderIdentity ?? "";
}
