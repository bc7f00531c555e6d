import { expect, it } from "vitest";
import { createMetricRegistry } from "../../operations/metric-registry.ts";
import { meterStore } from "../../sync-agent/operations/meter-store.ts";
import { agentMetrics } from "../../sync-agent/operations/metric-definitions.ts";
import { createMemoryStore } from "../../sync-agent/publish/memory-store.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

it("counts what is asked of KV, what is written, and what fails", async () => {
  const registry = createMetricRegistry(agentMetrics);
  const memory = createMemoryStore("test");
  const store = meterStore(memory, registry);
  await publish(store, makeTable([makeRouter("a.example.com", hostRule("a.example.com"))]), { epoch: 1 });
  memory.history = () => Promise.reject(new Error("500"));
  await expect(store.history()).rejects.toThrow("500");
  expect(store.publisher).toBe("test");

  const { text } = await registry.read();
  const written = memory.values.size;
  for (const line of [
    'sluice_agent_kv_requests_total{operation="advance"} 1',
    'sluice_agent_kv_requests_total{operation="history"} 1',
    'sluice_agent_kv_errors_total{operation="history"} 1',
    `sluice_agent_kv_writes_total ${written}`,
  ]) {
    expect(text.split("\n")).toContain(line);
  }
  expect(text).not.toContain('sluice_agent_kv_errors_total{operation="advance"}');
});
