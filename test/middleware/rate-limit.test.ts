import { describe, expect, it } from "vitest";
import { createRateLimits } from "../../src/rate-limit/rate-limits.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { guard, testRuntime } from "./auth-runtime.ts";
import type { Sent } from "./run-middleware.ts";

type Options = MiddlewareOptions<"rateLimit">;
const once: Options = { type: "rateLimit", average: 1, periodMs: 90_500, burst: 1 };

/** On a clock that stands still until it is set. */
function limited(options: Options) {
  const clock = { now: 0 };
  const now = (): number => clock.now;
  const limits = createRateLimits({
    maxSources: 100,
    now,
    startTimer: () => () => {},
    count: () => {},
    report: () => {},
  });
  return { clock, send: guard(options, testRuntime({ now, limits })) };
}

/** Whether requests that come at once pass. */
async function passes(options: Options, sent: readonly Sent[]): Promise<boolean[]> {
  const { send } = limited(options);
  const passed: boolean[] = [];
  for (const one of sent) passed.push((await send(one)).status === 200);
  return passed;
}

describe("the answer", () => {
  it("says when to come back, as Traefik does", async () => {
    const { send, clock } = limited(once);
    expect((await send({})).status).toBe(200);
    const { status, response, origin } = await send({});
    expect([status, origin, await response.text()]).toEqual([429, undefined, "Too Many Requests"]);
    expect(response.headers.get("Retry-After")).toBe("91");
    expect(response.headers.get("X-Retry-In")).toBe("1m30.5s");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    clock.now = 90_500;
    expect((await send({ url: "http://b.com/other", method: "POST" })).status).toBe(200);
  });

  it("an average of 0 is no limit", async () => {
    expect(await passes({ ...once, average: 0 }, Array(50).fill({}))).toEqual(Array(50).fill(true));
  });

  it.each([
    ["no average", { average: Number.NaN }],
    ["an average below 0", { average: -1 }],
    ["no period", { periodMs: 0 }],
    ["an endless burst", { burst: Number.POSITIVE_INFINITY }],
    ["no burst", { burst: 0 }],
    ["two sources", { sourceCriterion: { requestHost: true, requestHeaderName: "X-A" } }],
    ["a header that is none", { sourceCriterion: { requestHeaderName: "a b" } }],
    ["a depth that is none", { sourceCriterion: { ipStrategy: { depth: 0.5 } } }],
  ])("%s cannot be built", (_, change) => {
    expect(() => limited({ ...once, ...change })).toThrow();
  });
});

describe("by source", () => {
  const by = (sourceCriterion: Options["sourceCriterion"]): Options => ({ ...once, sourceCriterion });
  const xff = (value: string, trusted: boolean): Sent => ({ headers: { "X-Forwarded-For": value }, trusted });
  const tenant = (value: string): Sent => ({ headers: { "X-Tenant": value } });

  it.each<[string, Options, Sent[], boolean[]]>([
    ["the client's address", once, [{}, { url: "http://b.com/" }], [true, false]],
    [
      "an address that a client claims does not count",
      once,
      [xff("1.1.1.1", false), xff("2.2.2.2", false)],
      [true, false],
    ],
    [
      "nor where X-Forwarded-For is asked for",
      by({ ipStrategy: { depth: 1 } }),
      [xff("1.1.1.1", false), xff("2.2.2.2", false)],
      [true, false],
    ],
    [
      "a trusted proxy's word counts",
      by({ ipStrategy: { depth: 1 } }),
      [xff("1.1.1.1", true), xff("2.2.2.2", true), xff("3.3.3.3, 1.1.1.1", true)],
      [true, true, false],
    ],
    [
      "a network of IPv6 is one source",
      by({ ipStrategy: { depth: 1, ipv6Subnet: 64 } }),
      [xff("2001:db8::1", true), xff("2001:db8::2", true), xff("2001:db8:0:1::2", true)],
      [true, false, true],
    ],
    [
      "excluded addresses are passed over",
      by({ ipStrategy: { excludedIPs: ["10.0.0.0/8"] } }),
      [xff("1.1.1.1, 10.0.0.1", true), xff("1.1.1.1, 10.0.0.2", true), xff("2.2.2.2, 10.0.0.1", true)],
      [true, false, true],
    ],
    [
      "a header",
      by({ requestHeaderName: "X-Tenant" }),
      [tenant("a"), tenant("b"), tenant("a"), {}, {}, tenant("A")],
      [true, true, false, true, false, true],
    ],
    [
      "a header however long or odd",
      by({ requestHeaderName: "x-tenant" }),
      [tenant("z".repeat(9000)), tenant("z".repeat(9001)), tenant("z".repeat(9000)), tenant("é\t,"), tenant("é\t,")],
      [true, true, false, true, false],
    ],
    [
      "the host, however it is written",
      by({ requestHost: true }),
      [{ url: "http://a.com/" }, { url: "http://A.com:8080/" }, { url: "http://a.com./" }, { url: "http://b.com/" }],
      [true, false, false, true],
    ],
    [
      "X-Real-Ip is what the edge knows, unless a trusted proxy says it",
      by({ requestHeaderName: "X-Real-Ip" }),
      [
        { headers: { "X-Real-Ip": "1.1.1.1" } },
        { headers: { "X-Real-Ip": "2.2.2.2" } },
        { headers: { "X-Real-Ip": "2.2.2.2" }, trusted: true },
      ],
      [true, false, true],
    ],
    [
      "X-Forwarded-Host is believed of nobody untrusted",
      by({ requestHeaderName: "X-Forwarded-Host" }),
      [{ headers: { "X-Forwarded-Host": "a" } }, { headers: { "X-Forwarded-Host": "b" } }],
      [true, false],
    ],
    [
      "X-Forwarded-Host of a trusted proxy tells sources apart",
      by({ requestHeaderName: "X-Forwarded-Host" }),
      ["a", "b", "a"].map((host) => ({ headers: { "X-Forwarded-Host": host }, trusted: true })),
      [true, true, false],
    ],
  ])("%s", async (_, options, sent, expected) => {
    expect(await passes(options, sent)).toEqual(expected);
  });
});
