import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDevKeys } from "../../cli/dev/dev-keys.ts";
import { type KubernetesApi, startKubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";
import { type CuttableProxy, startCuttableProxy } from "./cuttable-proxy.ts";
import { portOf, runSluice, type SluiceProgram } from "./sluice-program.ts";
import { type SoakEdge, startSoakEdge } from "./soak-edge.ts";

/** The whole of Sluice: API server, agent, KV, Worker and relay, each a process or a server of its own. */
export interface SoakRig {
  readonly api: KubernetesApi;
  readonly edge: SoakEdge;
  readonly relay: SluiceProgram;
  /** Stands between the relay and the agent's feed. */
  readonly feed: CuttableProxy;
  /** The agent that runs now. */
  agent(): SluiceProgram;
  /** Kills the agent with -9 and starts another in its place; resolves when that feeds the relay. */
  replaceAgent(): Promise<void>;
  close(): Promise<void>;
}

/** @param agentFlags what the agent is told beyond where everything is */
export async function startSoakRig(agentFlags: readonly string[] = []): Promise<SoakRig> {
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
    const feed = await startCuttableProxy();
    closers.push(() => feed.close());
    const relay = await runSluice([
      "relay",
      ...["--feed", `http://127.0.0.1:${feed.port}`],
      ...["--feed-token-file", tokenFile],
      ...["--hop-keys", keyFile],
      ...["--gateway", "127.0.0.1:0"],
      ...["--operations", "127.0.0.1:0"],
    ]);
    closers.push(() => relay.kill());
    const edge = await startSoakEdge({ hop, admin }, portOf(relay, "gateway"));
    closers.push(() => edge.close());

    let agents = 0;
    let agent: SluiceProgram;
    const startAgent = async (): Promise<void> => {
      agents += 1;
      agent = await runSluice([
        "agent",
        ...["--kubeconfig", api.kubeconfigPath()],
        ...["--lease-namespace", "default"],
        ...["--identity", `agent-${agents}`],
        ...["--feed", "127.0.0.1:0"],
        ...["--feed-token-file", tokenFile],
        ...["--operations", "127.0.0.1:0"],
        ...["--api-token-file", apiTokenFile],
        ...["--admin-key-file", adminKeyFile],
        ...edge.flags,
        ...agentFlags,
      ]);
      feed.target(portOf(agent, "feed"));
      await agent.logged("every kind has been read");
    };
    await startAgent();
    closers.push(() => agent.kill());
    return {
      api,
      edge,
      relay,
      feed,
      agent: () => agent,
      async replaceAgent() {
        await agent.kill();
        await startAgent();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
