import { describe, expect, test } from "vitest";
import { readServiceAnnotations } from "../../../sync-agent/translate/kubernetes/service-annotations.ts";

const read = (annotations: Record<string, string>) =>
  readServiceAnnotations({
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "app",
      namespace: "shop",
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([name, value]) => [name.includes("/") ? name : `sluice.dev/${name}`, value]),
      ),
    },
  });

describe("a Service's annotations", () => {
  test.each<[string, Record<string, string>, object]>([
    ["nothing", { "traefik.ingress.kubernetes.io/service.nativelb": "true" }, {}],
    ["the default strategy", { strategy: "wrr" }, {}],
    ["a strategy, in any case", { Strategy: "P2C" }, { strategy: "p2c" }],
    ["a key", { "client-key": "header X-User" }, { strategy: "hrw", clientKey: { type: "header", name: "x-user" } }],
    ["a strategy that needs no key", { strategy: "drr", "client-key": "address" }, { strategy: "drr" }],
    [
      "a health check, with defaults",
      { "health-check-path": "/live", "health-check-port": "8081", "health-check-unhealthy-interval": "1s" },
      {
        healthCheck: {
          mode: "http",
          path: "/live",
          method: "GET",
          headers: {},
          followRedirects: true,
          port: 8081,
          intervalMs: 30_000,
          unhealthyIntervalMs: 1_000,
          timeoutMs: 5_000,
        },
      },
    ],
    [
      "a passive one",
      { "passive-health-check-max-failed-attempts": "3" },
      { passiveHealthCheck: { maxFailedAttempts: 3, failureWindowMs: 10_000 } },
    ],
    ["those of TCP, which are read elsewhere", { "tcp-strategy": "wrr" }, {}],
  ])("say %s", (_, annotations, balancing) => {
    expect(read(annotations)).toEqual({ balancing, problems: [] });
  });

  test.each<[string, Record<string, string>, string, string | undefined]>([
    ["an unknown name", { "health-check-pth": "/" }, "unknown-field", expect.stringContaining("health-check-path")],
    ["an unknown strategy", { strategy: "best" }, "invalid-field", expect.stringContaining("`p2c`")],
    ["half a key", { "client-key": "header" }, "invalid-field", expect.stringContaining("header NAME")],
    ["a key of no kind", { "client-key": "query id" }, "invalid-field", expect.stringContaining("header NAME")],
    ["a key with more", { "client-key": "address now" }, "invalid-field", expect.stringContaining("header NAME")],
    ["a name that cannot be", { "client-key": "header a:b" }, "invalid-field", expect.stringContaining("header NAME")],
    ["a port that cannot be", { "health-check-port": "70000" }, "invalid-field", undefined],
    ["an interval that is none", { "health-check-interval": "often" }, "invalid-field", undefined],
  ])("are told apart from %s", (_, annotations, code, hint) => {
    expect(read(annotations).problems).toEqual([
      {
        code,
        severity: "warning",
        message: expect.stringContaining("In the Service `app`"),
        refersTo: { kind: "Service", namespace: "shop", name: "app" },
        ...(hint !== undefined && { hint }),
      },
    ]);
  });
});
