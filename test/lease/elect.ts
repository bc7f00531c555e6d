import { createInterface } from "node:readline";
import { LeaderElector } from "../../sync-agent/lease/leader-elector.ts";
import { createLeaseClient } from "../../sync-agent/lease/lease-client.ts";
import { createApiClient } from "../../sync-agent/source/cluster/create-api-client.ts";
import { loadKubeConfig } from "../../sync-agent/source/cluster/load-kube-config.ts";

const [kubeconfig = "", identity = ""] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);
const of = { namespace: "default", name: "agent" };

const api = createApiClient(await loadKubeConfig({ kubeconfig }));
const elector = new LeaderElector({
  client: createLeaseClient(api, of),
  ...of,
  identity,
  log: { info() {}, warn() {} },
  leaseDurationMs: 3000,
  renewDeadlineMs: 2500,
  retryPeriodMs: 200,
});
elector.start({ onStarted: ({ transitions }) => say(`started ${transitions}`), onLost: () => say("lost") });
process.on("SIGTERM", async () => {
  await elector.release();
  await api.close();
  process.exit(0);
});
createInterface(process.stdin).on("line", () => say(`leads ${elector.isLeader()}`));
