import type { MetricRegistry } from "../../operations/metric-registry.ts";
import type { GrpcMetricName } from "./grpc-metrics.ts";
import type { CallEnd } from "./handle-call.ts";
import type { Grpc } from "./start-grpc.ts";

interface Count {
  labels: { entrypoint: string; service: string; code: string };
  value: number;
}

/** The codes that there are; a Pod may say any number. */
const MOST_CODE = 16;

/** Counts calls. What it remembers is bounded by the services of the table and the codes that there are. */
export class GrpcStats {
  readonly #registry: MetricRegistry<GrpcMetricName>;
  readonly #counts = new Map<string, Count>();

  constructor(registry: MetricRegistry<GrpcMetricName>) {
    this.#registry = registry;
  }

  ended({ entryPoint, service = "", code, durationMs }: CallEnd): void {
    const text = code === undefined ? "gone" : code <= MOST_CODE ? String(code) : "other";
    const key = JSON.stringify([entryPoint, service, text]);
    const count = this.#counts.get(key) ?? { labels: { entrypoint: entryPoint, service, code: text }, value: 0 };
    count.value++;
    this.#counts.set(key, count);
    this.#registry.observe("sluice_grpc_call_seconds", durationMs / 1000, { entrypoint: entryPoint });
  }

  /** Forgets services that are no more. */
  retain({ services }: { services: Readonly<Record<string, unknown>> }): void {
    for (const [key, { labels }] of this.#counts) {
      if (labels.service !== "" && !Object.hasOwn(services, labels.service)) this.#counts.delete(key);
    }
  }

  collect({ openCalls, connections, refusedDials, failedHandshakes }: ReturnType<Grpc["stats"]>): void {
    const registry = this.#registry;
    registry.replace("sluice_grpc_calls_total", this.#counts.values());
    registry.set("sluice_grpc_open_calls", openCalls);
    registry.set("sluice_grpc_open_connections", connections);
    registry.replace("sluice_grpc_refused_dials_total", [{ value: refusedDials, labels: {} }]);
    registry.replace("sluice_grpc_failed_handshakes_total", [{ value: failedHandshakes, labels: {} }]);
  }
}
