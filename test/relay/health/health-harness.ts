import type { HealthCheck } from "../../../src/table/service.ts";

/** A health check as a translator makes it. */
export const healthCheck = (change: Partial<HealthCheck> = {}): HealthCheck => ({
  mode: "http",
  path: "/healthz",
  method: "GET",
  headers: {},
  followRedirects: true,
  intervalMs: 30_000,
  unhealthyIntervalMs: 30_000,
  timeoutMs: 20_000,
  ...change,
});
