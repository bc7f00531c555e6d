import { describe, expect, test } from "vitest";
import { readTcpAnnotations } from "../../../sync-agent/translate/streams/tcp-annotations.ts";

const read = (annotations: Record<string, string>) =>
  readTcpAnnotations({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "db", namespace: "default", annotations },
  });

const healthCheck = { intervalMs: 30_000, timeoutMs: 5000 };

describe("annotations of a Service that are taken", () => {
  const cases: [Record<string, string>, object][] = [
    [{}, {}],
    [{ "traefik.ingress.kubernetes.io/service.sticky": "true", "example.com/tcp-strategy": "wrr" }, {}],
    [{ "sluice.dev/tcp-strategy": "wrr" }, { strategy: "wrr" }],
    [{ "sluice.dev/tcp-strategy": "leastconn" }, { strategy: "leastconn" }],
    [{ "sluice.dev/tcp-strategy": "client-ip" }, { strategy: "clientIp" }],
    [{ "sluice.dev/tcp-health-check-interval": "10s" }, { healthCheck: { ...healthCheck, intervalMs: 10_000 } }],
    [{ "sluice.dev/tcp-health-check-timeout": "500ms" }, { healthCheck: { ...healthCheck, timeoutMs: 500 } }],
    [{ "sluice.dev/tcp-health-check-port": "8080" }, { healthCheck: { ...healthCheck, port: 8080 } }],
    [
      { "sluice.dev/tcp-health-check-send": "PING\r\n", "sluice.dev/tcp-health-check-expect": "+PONG" },
      { healthCheck: { ...healthCheck, send: "PING\r\n", expect: "+PONG" } },
    ],
  ];
  test.each(cases)("%o", (annotations, balancing) => {
    expect(read(annotations)).toEqual({ balancing, problems: [] });
  });
});

describe("annotations of a Service that are not", () => {
  const cases: [string, string, string, string][] = [
    ["tcp-strategy", "least-conn", "invalid-field", "It must be `wrr`, `leastconn` or `client-ip`"],
    ["tcp-health-check-interval", "0s", "invalid-field", "It must be a duration such as `10s`"],
    ["tcp-health-check-interval", "often", "invalid-field", "It must be a duration such as `10s`"],
    ["tcp-health-check-timeout", "-1s", "invalid-field", "It must be a duration such as `2s`"],
    ["tcp-health-check-port", "0", "invalid-field", "It must be a port between 1 and 65535"],
    ["tcp-health-check-port", "65536", "invalid-field", "It must be a port between 1 and 65535"],
    ["tcp-health-check-port", "redis", "invalid-field", "It must be a port between 1 and 65535"],
    ["tcp-stratgy", "leastconn", "unknown-field", "Did you mean `tcp-strategy`?"],
    ["tcp-healthcheck-send", "PING", "unknown-field", "Did you mean `tcp-health-check-send`?"],
    ["constructor", "x", "unknown-field", expect.stringContaining("There are ") as string],
  ];
  test.each(cases)("%s: %s", (name, value, code, hint) => {
    const { balancing, problems } = read({ [`sluice.dev/${name}`]: value });
    expect(balancing).toEqual({});
    const refersTo = { kind: "Service", namespace: "default", name: "db" };
    expect(problems).toMatchObject([{ code, severity: "warning", hint, refersTo }]);
    expect(problems[0]?.message).toContain(`sluice.dev/${name}`);
  });
});
