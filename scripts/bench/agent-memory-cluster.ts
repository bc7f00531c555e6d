import {
  ACCOUNT,
  type KvBacking,
  NAMESPACE,
  startCloudflareApi,
} from "../../test/doubles/cloudflare-api/cloudflare-api.ts";
import { startKubernetesApi } from "../../test/doubles/kubernetes-api/kubernetes-api.ts";
import { answerParent } from "./child.ts";
import { endpointSliceOf, middlewareOf, NAMESPACES, objectsOfService } from "./cluster-objects.ts";

/** What an agent is to be told of its cluster and its account. */
export interface ClusterAddresses {
  endpoint: string;
  /** PEM, and the token that the server asks for. */
  ca: string;
  token: string;
  flags: string[];
}

/**
 * A process that is everything around an agent: an API server with so many Services, each with an EndpointSlice and a
 * route, and Cloudflare's KV.
 */
const api = await startKubernetesApi({ tls: true, requireToken: true });
const values = new Map<string, string>();
let published = Promise.withResolvers<void>();
const backing: KvBacking = {
  get: async (key) => values.get(key) ?? null,
  async put(key, value) {
    values.set(key, value);
    if (!key.startsWith("pointer/")) return;
    published.resolve();
    published = Promise.withResolvers();
  },
  delete: async (key) => void values.delete(key),
  list: async ({ prefix }) => {
    const keys = [...values.keys()].filter((key) => key.startsWith(prefix)).map((name) => ({ name }));
    return { keys, list_complete: true };
  },
};
const cloudflare = await startCloudflareApi(backing);

let services = 0;

answerParent({
  async fill(count: number): Promise<ClusterAddresses> {
    services = count;
    for (let namespace = 0; namespace < NAMESPACES; namespace++) api.apply(middlewareOf(namespace));
    for (let index = 0; index < services; index++) {
      for (const object of objectsOfService(index)) api.apply(object);
    }
    const flags = ["--account-id", ACCOUNT, "--kv-namespace-id", NAMESPACE, "--cloudflare-api", cloudflare.url];
    return { endpoint: api.url, ca: api.ca ?? "", token: api.token, flags };
  },
  /** Resolves when the pointer moves for the next time. */
  published: () => published.promise,
  /** Changes one Service's Pods, or another one's route. */
  async change(round: number): Promise<void> {
    const index = (round * 7919) % services;
    if (round % 10 > 0) return void api.apply(endpointSliceOf(index, [0, 1, 2 + (round % 5)]));
    for (const object of objectsOfService(index, `/v${round}`)) api.apply(object);
  },
});
