import type { MetricRegistry } from "../../operations/metric-registry.ts";
import type { SnapshotStore } from "../publish/snapshot-store.ts";
import type { MetricName } from "./metric-definitions.ts";

/** The same store, with what is asked of it counted by operation: also what it learns to do one day. */
export function meterStore<Store extends SnapshotStore>(
  store: Store,
  registry: Pick<MetricRegistry<MetricName>, "add">,
): Store {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== "function" || typeof name !== "string") return method;
      return (...given: unknown[]): unknown => {
        const result: unknown = Reflect.apply(method, target, given);
        if (!(result instanceof Promise)) return result;
        registry.add("sluice_agent_kv_requests_total", 1, { operation: name });
        const [writes] = given;
        return result.then(
          (value: unknown) => {
            if (name === "put" && writes instanceof Map) registry.add("sluice_agent_kv_writes_total", writes.size);
            return value;
          },
          (error: unknown) => {
            registry.add("sluice_agent_kv_errors_total", 1, { operation: name });
            throw error;
          },
        );
      };
    },
  });
}
