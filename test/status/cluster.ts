import { onTestFinished } from "vitest";
import type { ApiClient } from "../../sync-agent/source/cluster/api-client.ts";
import { createApiClient } from "../../sync-agent/source/cluster/create-api-client.ts";
import { loadKubeConfig } from "../../sync-agent/source/cluster/load-kube-config.ts";
import { type KubernetesApi, startKubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";
import { objectsOf } from "../translate/translate-text.ts";

/** An API server with a client, both ended with the test. */
export async function startCluster(): Promise<{ api: KubernetesApi; client: ApiClient }> {
  const api = await startKubernetesApi();
  const client = createApiClient(await loadKubeConfig({ kubeconfig: api.kubeconfigPath() }));
  onTestFinished(async () => {
    await client.close();
    await api.close();
  });
  return { api, client };
}

export function applyText(api: KubernetesApi, text: string): void {
  for (const object of objectsOf(text)) api.apply(object);
}

/** The writes that came, as `PATCH /path`. */
export const writesOf = (api: KubernetesApi): string[] =>
  api.requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
