import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BreakerCondition } from "../../../src/table/breaker-condition.ts";
import { parseBreakerExpression } from "../../../sync-agent/translate/traefik/parse-breaker-expression.ts";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const route = traefik(
  "IngressRoute",
  "r",
  'routes: [{ match: "Path(`/`)", middlewares: [{ name: m }], services: [{ name: a, port: 80 }] }]',
);
const translate = (spec: string) => translateText(route + services("a") + traefik("Middleware", "m", spec));
const built = (spec: string) => {
  const result = translate(spec);
  expect(linesOf(result)).toEqual([]);
  return Object.values(result.table.middlewares)[0];
};
/** What is said of the Middleware itself. */
const problemsOf = (spec: string) => {
  const { table, problems } = translate(spec);
  const own = problems.filter(({ object }) => object.kind === "Middleware");
  return { closedBy: table.routers[0]?.closedBy, own };
};

describe("inFlightReq", () => {
  test.each([
    ["inFlightReq: { amount: 3 }", { type: "inFlightReq", amount: 3 }],
    ["inFlightReq: { amount: 3, sourceCriterion: {} }", { type: "inFlightReq", amount: 3 }],
    [
      "inFlightReq: { amount: 3, sourceCriterion: { requestHeaderName: X-User } }",
      { type: "inFlightReq", amount: 3, sourceCriterion: { requestHeaderName: "X-User" } },
    ],
    [
      "inFlightReq: { amount: 3, sourceCriterion: { ipStrategy: { depth: 1, ipv6Subnet: 64 } } }",
      { type: "inFlightReq", amount: 3, sourceCriterion: { ipStrategy: { depth: 1, ipv6Subnet: 64 } } },
    ],
  ])("%s", (spec, expected) => {
    expect(built(spec)).toEqual(expected);
  });

  test.each([
    ["inFlightReq: {}", /an `amount` of 0 lets no request pass/],
    ["inFlightReq: { amount: -1 }", /an `amount` of -1/],
    ["inFlightReq: { amount: 1, sourceCriterion: { requestHost: true, requestHeaderName: A } }", /several sources/],
    ["inFlightReq: { amount: 1, sourceCriterion: { requestHeaderName: 'a b' } }", /not a header name/],
    ["inFlightReq: { amount: many }", /./],
  ])("%s closes the route", (spec, message) => {
    const { closedBy, own } = problemsOf(spec);
    expect(closedBy).toBe("middleware-invalid");
    expect(own[0]?.message).toMatch(message);
  });
});

describe("retry", () => {
  const defaults = {
    type: "retry",
    initialIntervalMs: 0,
    timeoutMs: 0,
    status: [],
    maxRequestBodyBytes: 2 * 1024 * 1024,
    disableRetryOnNetworkError: false,
    retryNonIdempotentMethod: false,
  };

  test.each([
    ["retry: { attempts: 4 }", { attempts: 4 }],
    [
      "retry: { attempts: 1, initialInterval: 100ms, timeout: 60 }",
      { attempts: 1, initialIntervalMs: 100, timeoutMs: 60_000 },
    ],
    [
      'retry: { attempts: 2, status: ["502", "504,520-599"], maxRequestBodyBytes: -1 }',
      { attempts: 2, status: ["502", "504", "520-599"], maxRequestBodyBytes: -1 },
    ],
    [
      'retry: { attempts: 2, status: ["500"], disableRetryOnNetworkError: true, retryNonIdempotentMethod: true }',
      { attempts: 2, status: ["500"], disableRetryOnNetworkError: true, retryNonIdempotentMethod: true },
    ],
  ])("%s", (spec, expected) => {
    expect(built(spec)).toEqual({ ...defaults, ...expected });
  });

  test.each([
    ["retry: {}", /0 `attempts`/],
    ["retry: { attempts: 2, initialInterval: soon }", /`soon` is not a duration/],
    ["retry: { attempts: 2, timeout: soon }", /`soon` is not a duration/],
    ["retry: { attempts: 2, status: [5xx] }", /`5xx` is no status/],
    ["retry: { attempts: 2, disableRetryOnNetworkError: true }", /leaves nothing else/],
    ["retry: { attempts: 2, maxRequestBodyBytes: -2 }", /-2 is not a number of bytes/],
  ])("%s closes the route", (spec, message) => {
    const { closedBy, own } = problemsOf(spec);
    expect(closedBy).toBe("middleware-invalid");
    expect(own[0]?.message).toMatch(message);
  });

  test("more attempts than are made are said to be", () => {
    const { closedBy, own } = problemsOf("retry: { attempts: 1000 }");
    expect(closedBy).toBeUndefined();
    expect(own).toMatchObject([{ code: "unsupported-field", path: ["spec", "retry", "attempts"] }]);
  });
});

describe("circuitBreaker", () => {
  test("defaults", () => {
    expect(built('circuitBreaker: { expression: "NetworkErrorRatio() > 0.30" }')).toEqual({
      type: "circuitBreaker",
      condition: { type: "networkErrorRatio", operator: ">", value: 0.3 },
      checkPeriodMs: 100,
      fallbackDurationMs: 10_000,
      recoveryDurationMs: 10_000,
      responseCode: 503,
    });
  });

  test("all options; a duration of nothing is the default", () => {
    const spec =
      'circuitBreaker: { expression: "LatencyAtQuantileMS(50.0) > 100", checkPeriod: 1s, fallbackDuration: 3, recoveryDuration: 0s, responseCode: 529 }';
    expect(built(spec)).toMatchObject({
      checkPeriodMs: 1000,
      fallbackDurationMs: 3000,
      recoveryDurationMs: 10_000,
      responseCode: 529,
    });
  });

  test("the breaker of an article that people copy gets the expression that it means", () => {
    const { closedBy, own } = problemsOf('circuitBreaker: { expression: "Latency>1000ms && ErrorRatio>30%" }');
    expect(closedBy).toBe("middleware-invalid");
    expect(own).toMatchObject([
      {
        path: ["spec", "circuitBreaker", "expression"],
        span: { offset: 0, length: 7 },
        message: "There is no measure Latency",
        hint: "Write LatencyAtQuantileMS(50.0) > 1000 && ResponseCodeRatio(500, 600, 0, 600) > 0.30",
      },
    ]);
  });

  test.each([
    ['circuitBreaker: { expression: "NetworkErrorRatio() > 1", responseCode: 99 }', "responseCode"],
    ['circuitBreaker: { expression: "NetworkErrorRatio() > 1", checkPeriod: soon }', "checkPeriod"],
    ["circuitBreaker: {}", "expression"],
  ])("%s closes the route", (spec, field) => {
    const { closedBy, own } = problemsOf(spec);
    expect(closedBy).toBe("middleware-invalid");
    expect(own).toMatchObject([{ path: ["spec", "circuitBreaker", field] }]);
  });
});

describe("the expression of a circuit breaker", () => {
  const network = (value: number): BreakerCondition => ({ type: "networkErrorRatio", operator: ">", value });

  test.each<[string, BreakerCondition]>([
    ["NetworkErrorRatio()>.5", network(0.5)],
    [
      "ResponseCodeRatio(500,600,0,600) >= 0.25",
      {
        type: "responseCodeRatio",
        from: 500,
        to: 600,
        dividedByFrom: 0,
        dividedByTo: 600,
        operator: ">=",
        value: 0.25,
      },
    ],
    ["LatencyAtQuantileMS(99.9) != 100", { type: "latencyAtQuantile", quantile: 99.9, operator: "!=", value: 100 }],
    [
      "NetworkErrorRatio() > 1 || NetworkErrorRatio() > 2 && NetworkErrorRatio() > 3",
      { type: "or", rules: [network(1), { type: "and", rules: [network(2), network(3)] }] },
    ],
    [
      "(NetworkErrorRatio() > 1 || NetworkErrorRatio() > 2) && !(NetworkErrorRatio() > 3)",
      {
        type: "and",
        rules: [
          { type: "or", rules: [network(1), network(2)] },
          { type: "not", rule: network(3) },
        ],
      },
    ],
    ["!!NetworkErrorRatio() > 1", network(1)],
  ])("%s", (text, condition) => {
    expect(parseBreakerExpression(text)).toEqual({ condition });
  });

  test.each([
    ["", 0, /empty/],
    ["NetworkErrorRatio", 17, /opening parenthesis.*found the end/],
    ["NetworkErrorRatio()", 19, /comparison/],
    ["NetworkErrorRatio() > x", 22, /a number, found x/],
    ["NetworkErrorRatio() > 30%", 24, /not a percentage/],
    ["NetworkErrorRatio(1) > 1", 0, /takes 0 numbers, not 1/],
    ["ResponseCodeRatio(500, 600) > 1", 0, /takes 4 numbers, not 2/],
    ["ResponseCodeRatio(500.5, 600, 0, 600) > 1", 0, /whole numbers/],
    ["LatencyAtQuantileMS() > 1", 0, /takes 1 number, not 0/],
    ["LatencyAtQuantileMS(101) > 1", 0, /from 0 to 100/],
    ["0.3 < NetworkErrorRatio()", 0, /a measure.*found 0.3/],
    ["(NetworkErrorRatio() > 1", 24, /closing parenthesis/],
    ["NetworkErrorRatio() > 1 and NetworkErrorRatio() > 1", 24, /&& or \|\|/],
    ["NetworkErrorRatio() = 1", 20, /comparison.*found =/],
    ["NetworkErorRatio() > 1", 0, /no measure NetworkErorRatio/],
    [`${"(".repeat(60)}NetworkErrorRatio() > 1`, 50, /more than 50 deep/],
    [`NetworkErrorRatio() > ${"1".repeat(5000)}`, 0, /longer than 4096/],
  ])("%s is refused", (text, offset, message) => {
    const parsed = parseBreakerExpression(text);
    expect(parsed).toMatchObject({ problem: { message: expect.stringMatching(message), span: { offset } } });
  });

  test.each([
    ["Latency > 2s", "LatencyAtQuantileMS(50.0) > 2000"],
    ["ErrorRate >= 0.5", "ResponseCodeRatio(500, 600, 0, 600) >= 0.50"],
    ["NetworkErorRatio() > 1", undefined],
  ])("%s is told how to be written", (text, hint) => {
    const parsed = parseBreakerExpression(text);
    const given = "problem" in parsed ? parsed.problem.hint : "";
    expect(given).toBe(hint === undefined ? "Did you mean NetworkErrorRatio?" : `Write ${hint}`);
  });

  test("is read or refused, and never throws, whatever it is", () => {
    const piece = fc.constantFrom(
      "NetworkErrorRatio()",
      "(",
      ")",
      "&&",
      "||",
      "!",
      ">",
      "<=",
      "0.3",
      "Latency",
      "%",
      ",",
      " ",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join("")),
        ),
        (text) => {
          const parsed = parseBreakerExpression(text);
          if ("problem" in parsed) {
            const { offset, length } = parsed.problem.span;
            expect(offset + length).toBeLessThanOrEqual(text.length);
          }
        },
      ),
    );
  });
});
