import { onTestFinished } from "vitest";
import { createClusterSource } from "../../../sync-agent/source/cluster/cluster-source.ts";
import { type ClusterTimes, clusterTimes } from "../../../sync-agent/source/cluster/cluster-times.ts";
import { createApiClient } from "../../../sync-agent/source/cluster/create-api-client.ts";
import { loadKubeConfig } from "../../../sync-agent/source/cluster/load-kube-config.ts";
import type { Kind, KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import type { KindStatus, ObjectSource } from "../../../sync-agent/source/object-source.ts";
import {
  type KubernetesApi,
  type KubernetesApiOptions,
  startKubernetesApi,
} from "../../doubles/kubernetes-api/kubernetes-api.ts";

/** Everything as in production, only sooner. */
const soon: ClusterTimes = {
  ...clusterTimes,
  answerMs: 400,
  silentMs: 300,
  endpointsSilentMs: 200,
  backoffMs: 5,
  longestBackoffMs: 50,
  healthyMs: 100,
  forbiddenRetryMs: 20,
  forbiddenDeadlineMs: 100,
  discoverMs: 40,
};

export interface Following {
  api: KubernetesApi;
  source: ObjectSource;
  /** What `onChange` has said so far. */
  changes: { urgent: boolean }[];
  /** Waits until a condition holds, which is looked at whenever source or server say that something happened. */
  until(condition: () => boolean): Promise<void>;
}

export async function startApi(options: KubernetesApiOptions = {}): Promise<KubernetesApi> {
  const api = await startKubernetesApi(options);
  onTestFinished(() => api.close());
  return api;
}

/** A source that follows the double, both ended with the test. */
export async function follow(
  api: KubernetesApi,
  { namespaces, times }: { namespaces?: string[]; times?: Partial<ClusterTimes> } = {},
): Promise<Following> {
  const client = createApiClient(await loadKubeConfig({ kubeconfig: api.kubeconfigPath() }));
  const source = createClusterSource({ client, namespaces, times: { ...soon, ...times } });
  onTestFinished(async () => {
    await source.close();
    await client.close();
  });
  const changes: { urgent: boolean }[] = [];
  const waiting = new Set<() => boolean>();
  source.onChange((change) => {
    changes.push(change);
    for (const look of waiting) look();
  });
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      let isDone = false;
      const look = (): boolean => {
        try {
          isDone ||= condition();
        } catch (error) {
          isDone = true;
          reject(error);
        }
        if (!isDone) return false;
        waiting.delete(look);
        resolve();
        return true;
      };
      waiting.add(look);
      void api.until(look);
    });
  return { api, source, changes, until };
}

export async function followNew(
  options: KubernetesApiOptions & { times?: Partial<ClusterTimes> } = {},
): Promise<Following> {
  return follow(await startApi(options), options);
}

export const statusOf = (source: ObjectSource, kind: Kind, group = ""): KindStatus | undefined =>
  source.status().find((status) => status.kind === kind && status.apiVersion.startsWith(group));

export const names = (source: ObjectSource, kind: Kind): string[] =>
  [...source.objects.list(kind)].map(({ metadata: { namespace, name } }) => `${namespace}/${name}`);

export const route = (name: string, match = "PathPrefix(`/`)", namespace = "default"): KubernetesObject => ({
  apiVersion: "traefik.io/v1alpha1",
  kind: "IngressRoute",
  metadata: { name, namespace },
  spec: { routes: [{ match, kind: "Rule", services: [{ name: "web", port: 80 }] }] },
});

export const service = (name: string, port = 80, namespace = "default"): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
  spec: { ports: [{ name: "http", port }] },
});

interface Condition {
  ready?: boolean;
  serving?: boolean;
  terminating?: boolean;
}

/** A slice of the Service, with one endpoint for each address. */
export const slice = (name: string, service: string, endpoints: Record<string, Condition>): KubernetesObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": service, other: "label" } },
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  endpoints: Object.entries(endpoints).map(([address, conditions]) => ({
    addresses: [address],
    conditions,
    nodeName: "node",
    targetRef: { kind: "Pod", name: `pod-${address}` },
  })),
});
