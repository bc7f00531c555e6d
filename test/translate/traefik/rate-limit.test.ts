import { describe, expect, test } from "vitest";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const translate = (options: string) =>
  translateText(
    traefik(
      "IngressRoute",
      "r",
      'routes: [{ match: "Path(`/`)", middlewares: [{ name: m }], services: [{ name: a, port: 80 }] }]',
    ) +
      services("a") +
      traefik("Middleware", "m", `rateLimit: ${options}`),
  );

const built = { type: "rateLimit", average: 0, periodMs: 1000, burst: 1 };

describe("valid", () => {
  test.each([
    ["{}", built],
    ["{ average: 100, burst: 50 }", { ...built, average: 100, burst: 50 }],
    ["{ average: 6, period: 1m30s, burst: 0 }", { ...built, average: 6, periodMs: 90_000 }],
    ["{ average: 6, period: 10 }", { ...built, average: 6, periodMs: 10_000 }],
    ["{ average: 6, period: 0s }", { ...built, average: 6 }],
    ["{ average: 6, sourceCriterion: null, redis: null }", { ...built, average: 6 }],
    [
      "{ average: 6, sourceCriterion: { ipStrategy: { depth: 2, ipv6Subnet: 64 } } }",
      { ...built, average: 6, sourceCriterion: { ipStrategy: { depth: 2, ipv6Subnet: 64 } } },
    ],
    [
      "{ average: 6, sourceCriterion: { requestHeaderName: X-Tenant } }",
      { ...built, average: 6, sourceCriterion: { requestHeaderName: "X-Tenant" } },
    ],
    [
      "{ average: 6, sourceCriterion: { requestHost: true } }",
      { ...built, average: 6, sourceCriterion: { requestHost: true } },
    ],
  ])("%s", (options, expected) => {
    const result = translate(options);
    expect(linesOf(result)).toEqual([]);
    expect(Object.values(result.table.middlewares)).toEqual([expected]);
    expect(result.table.routers[0]).not.toHaveProperty("closedBy");
  });
});

describe("invalid: the route is closed", () => {
  test.each([
    ["{ average: -1 }", "middleware-invalid", ""],
    ["{ average: 1, burst: -1 }", "middleware-invalid", ""],
    ["{ average: 1, period: -1s }", "middleware-invalid", ""],
    ["{ average: 1, period: soon }", "middleware-invalid", ""],
    ["{ average: 1.5 }", "invalid-field", ".average"],
    ["{ average: many }", "invalid-field", ".average"],
    ["{ sourceCriterion: { ipStrategy: { depth: 1 }, requestHost: true } }", "middleware-invalid", ""],
    ["{ sourceCriterion: { requestHeaderName: X-A, requestHost: true } }", "middleware-invalid", ""],
    ["{ sourceCriterion: { requestHeaderName: 'X A' } }", "middleware-invalid", ""],
    ["{ sourceCriterion: { ipStrategy: { depth: -1 } } }", "middleware-invalid", ""],
    ["{ sourceCriterion: { ipStrategy: { excludedIPs: [lb] } } }", "middleware-invalid", ""],
    ["10", "invalid-field", ""],
  ])("%s", (options, code, path) => {
    const result = translate(options);
    expect(linesOf(result)).toContain(`error ${code} Middleware/m spec.rateLimit${path}`);
    expect(result.table.routers[0]?.closedBy).toBe("middleware-invalid");
  });
});

test("redis has no effect, which is said; the limit is built", () => {
  const result = translate("{ average: 5, redis: { endpoints: ['r:6379'], tls: {} } }");
  expect(linesOf(result)).toEqual(["warning unsupported-field Middleware/m spec.rateLimit.redis"]);
  expect(Object.values(result.table.middlewares)).toEqual([{ ...built, average: 5 }]);
});
