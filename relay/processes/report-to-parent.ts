import type { MetricValues } from "../../operations/metric-registry.ts";
import type { FromChild, ToChild } from "./process-messages.ts";

export interface ReportOptions {
  readMetrics: () => Promise<MetricValues>;
  /** Resolves when there is a table. */
  ready: Promise<void>;
}

/** Tells the process that started this one how it is; does nothing where none wants to know. */
export function reportToParent({ readMetrics, ready }: ReportOptions): void {
  if (process.send === undefined) return;
  const tell = (message: FromChild): void => {
    // The parent may be gone, and then this process ends for that reason.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  process.on("message", ({ type, id }: ToChild) => {
    if (type === "read-metrics") void readMetrics().then((values) => tell({ type: "metrics", id, values }));
  });
  tell({ type: "started" });
  void ready.then(() => tell({ type: "ready" }));
}
