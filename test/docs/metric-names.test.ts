import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { relayMetrics } from "../../relay/relay-metrics.ts";
import { agentMetrics } from "../../sync-agent/operations/metric-definitions.ts";

const definitions = { ...agentMetrics, ...relayMetrics };

it("every metric that a page names is there", async () => {
  const pages = (await readdir("docs")).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`);
  const texts = await Promise.all([...pages, "README.md"].map((file) => readFile(file, "utf8")));
  const named = texts.flatMap((text) => text.match(/\bsluice_[a-z0-9_]*[a-z0-9]\b/g) ?? []);
  expect(named.length).toBeGreaterThan(Object.keys(definitions).length);
  // What Prometheus makes of a histogram.
  const plain = named.map((name) => name.replace(/_(bucket|sum|count)$/, ""));
  expect([...new Set(plain)].filter((name) => !Object.hasOwn(definitions, name))).toEqual([]);
});

it.each(Object.entries(definitions))("%s is named as Prometheus wants it", (name, { type, help, labels }) => {
  expect(name).toMatch(/^sluice_[a-z]+(_[a-z]+)+$/);
  expect(name.endsWith("_total")).toBe(type === "counter");
  if (type === "histogram") expect(name).toMatch(/_(seconds|bytes)$/);
  // No unit but a base one.
  expect(name).not.toMatch(/_(ms|milliseconds|minutes|kib|mib|percent)(_|$)/);
  expect(help).toMatch(/\.$/);
  for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
});
