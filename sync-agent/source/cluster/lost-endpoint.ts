import type { KubernetesObject } from "../kubernetes-object.ts";

/**
 * Whether an EndpointSlice or Endpoints object has lost an address that took new sessions: it is gone, no longer ready, or
 * terminating.
 */
export function hasLostEndpoint(old: KubernetesObject, now: KubernetesObject | undefined): boolean {
  if (old.kind !== "EndpointSlice" && old.kind !== "Endpoints") return false;
  const left = new Set(now === undefined ? [] : readyAddresses(now));
  return readyAddresses(old).some((address) => !left.has(address));
}

function readyAddresses(object: KubernetesObject): string[] {
  if (object.kind === "Endpoints") {
    return list(object.subsets).flatMap((subset) =>
      list(field(subset, "addresses")).map((one) => String(field(one, "ip"))),
    );
  }
  return list(object.endpoints).flatMap((endpoint) => {
    const conditions = field(endpoint, "conditions");
    const isReady = field(conditions, "ready") !== false && field(conditions, "terminating") !== true;
    return isReady ? list(field(endpoint, "addresses")).map(String) : [];
  });
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
