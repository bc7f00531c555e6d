import { groupOf, type KindChoice, kindChoices } from "../known-kinds.ts";
import { type ApiClient, ApiError } from "./api-client.ts";
import type { Resource } from "./resource.ts";

/** What a server has of a kind; `unknown` when it could not say. */
export interface Discovery {
  choice: KindChoice;
  found: Resource | "absent" | "unknown";
}

/**
 * Which kinds a server has, each in its best version. Uses the older form of discovery, which all servers and aggregators
 * know. A group that cannot be read is unknown, not absent: what was known of it holds.
 *
 * @param isExpected which versions are asked for though the server does not list them: one that is starting does not know
 * all of its groups yet, and says so by answering 503 for their paths (from Kubernetes 1.23 on) until then
 * @throws ApiError when the groups themselves cannot be read
 */
export async function discover(
  client: ApiClient,
  signal: AbortSignal,
  timeoutMs: number,
  isExpected: (apiVersion: string) => boolean,
): Promise<Discovery[]> {
  const choices = kindChoices();
  const served = readGroupVersions(await client.request({ path: "/apis", signal, timeoutMs }));
  const wanted = new Set(choices.flatMap(({ apiVersions }) => apiVersions));
  const resources = new Map<string, Map<string, Resource> | "unknown">();
  const read = async (apiVersion: string): Promise<void> => {
    const path = `/${groupOf(apiVersion) === "" ? "api" : "apis"}/${apiVersion}`;
    try {
      resources.set(apiVersion, readResources(apiVersion, await client.request({ path, signal, timeoutMs })));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Of what is not listed, only a server that cannot say it yet leaves it open.
      const isListed = groupOf(apiVersion) === "" || served.has(apiVersion);
      const isUnknown = isListed ? error.code !== "not-found" : error.code === "transient";
      if (isUnknown) resources.set(apiVersion, "unknown");
    }
  };
  const isAsked = (one: string): boolean => groupOf(one) === "" || served.has(one) || isExpected(one);
  await Promise.all([...wanted].filter(isAsked).map(read));
  return choices.map((choice) => ({ choice, found: choose(choice, resources) }));
}

function choose(
  { kind, apiVersions }: KindChoice,
  resources: ReadonlyMap<string, ReadonlyMap<string, Resource> | "unknown">,
): Discovery["found"] {
  for (const apiVersion of apiVersions) {
    const found = resources.get(apiVersion);
    if (found === "unknown") return "unknown";
    const resource = found?.get(kind);
    if (resource !== undefined) return resource;
  }
  return "absent";
}

function readGroupVersions(answer: unknown): Set<string> {
  const groups = listOf(answer, "groups");
  if (groups === undefined) throw new ApiError("transient", "The API server's answer is not a list of groups");
  const versions = groups.flatMap((group) => listOf(group, "versions") ?? []);
  return new Set(versions.map((version) => String(fieldOf(version, "groupVersion"))));
}

function readResources(apiVersion: string, answer: unknown): Map<string, Resource> {
  const list = listOf(answer, "resources");
  if (list === undefined) throw new ApiError("transient", "The API server's answer is not a list of resources");
  const found = new Map<string, Resource>();
  const kinds = new Map<string, KindChoice["kind"]>(
    kindChoices().flatMap(({ kind, apiVersions }) => (apiVersions.includes(apiVersion) ? [[kind, kind] as const] : [])),
  );
  for (const entry of list) {
    const plural = fieldOf(entry, "name");
    const kind = kinds.get(String(fieldOf(entry, "kind")));
    const verbs = listOf(entry, "verbs") ?? [];
    if (kind === undefined || typeof plural !== "string" || !/^[a-z0-9.-]+$/.test(plural)) continue;
    if (!verbs.includes("list") || !verbs.includes("watch")) continue;
    found.set(kind, { kind, apiVersion, plural, isNamespaced: fieldOf(entry, "namespaced") === true });
  }
  return found;
}

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;

function listOf(value: unknown, key: string): readonly unknown[] | undefined {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list : undefined;
}
