import { describe, expect, it } from "vitest";
import type { IpStrategy } from "../../src/table/source-criterion.ts";
import { build, run } from "./run-middleware.ts";

const options = (ipStrategy: IpStrategy | undefined, ...sourceRange: string[]) =>
  ({ type: "ipAllowList", sourceRange, rejectStatusCode: 403, ...(ipStrategy && { ipStrategy }) }) as const;

/** The status for a client whose connection comes from 192.0.2.1. */
async function statusOf(
  sourceRange: string[],
  ipStrategy?: IpStrategy,
  forwardedFor?: string,
  trusted = true,
): Promise<number> {
  const headers = forwardedFor === undefined ? {} : { "X-Forwarded-For": forwardedFor };
  const { origin, response } = await run(options(ipStrategy, ...sourceRange), { headers, trusted });
  expect(origin !== undefined).toBe(response.status === 200);
  return response.status;
}

describe("the connection's address", () => {
  it.each([
    [["192.0.2.1"], 200],
    [["192.0.2.0/24"], 200],
    [["198.51.100.0/24", "192.0.2.1/32"], 200],
    [["::ffff:192.0.2.0/120"], 200],
    [["198.51.100.0/24"], 403],
    [["::/0"], 403],
  ])("%j: %i", async (sourceRange, status) => {
    expect(await statusOf(sourceRange)).toBe(status);
  });

  it.each([{}, { ipv6Subnet: 64 }])("counts whatever X-Forwarded-For says: %j", async (ipStrategy) => {
    expect(await statusOf(["198.51.100.1"], ipStrategy, "198.51.100.1")).toBe(403);
    expect(await statusOf(["192.0.2.1"], ipStrategy, "198.51.100.1")).toBe(200);
  });
});

describe("X-Forwarded-For of a trusted proxy", () => {
  const cases: [IpStrategy, string | undefined, number][] = [
    [{ depth: 1 }, "10.9.9.9, 203.0.113.7", 200],
    [{ depth: 1 }, "203.0.113.7, 10.9.9.9", 403],
    [{ depth: 2 }, "10.9.9.9,203.0.113.7 , 10.0.0.1", 200],
    [{ depth: 3 }, "203.0.113.7, 10.0.0.1", 403],
    [{ depth: 1 }, undefined, 403],
    [{ depth: 1 }, "203.0.113.7:4711", 200],
    [{ depth: 1 }, "[2001:db8::7]:4711", 200],
    [{ depth: 1 }, "unknown", 403],
    [{ excludedIPs: ["10.0.0.0/8"] }, "198.51.100.1, 203.0.113.7, 10.0.0.1, 10.0.0.2", 200],
    [{ excludedIPs: ["10.0.0.0/8"] }, "203.0.113.7, 198.51.100.1, 10.0.0.1", 403],
    [{ excludedIPs: ["10.0.0.0/8"] }, "203.0.113.7, 198.51.100.1, 10.0.0.1:80", 403],
    [{ excludedIPs: ["10.0.0.0/8"] }, "10.0.0.1", 403],
    [{ excludedIPs: ["10.0.0.0/8"] }, ", ,", 403],
    // The depth goes before the exclusions.
    [{ depth: 1, excludedIPs: ["203.0.113.7"] }, "198.51.100.1, 203.0.113.7", 200],
    [{ depth: 1, ipv6Subnet: 128 }, "2001:db8::7", 200],
  ];
  it.each(cases)("%j of %j: %i", async (ipStrategy, forwardedFor, status) => {
    expect(await statusOf(["203.0.113.7", "2001:db8::/64"], ipStrategy, forwardedFor)).toBe(status);
  });

  it("tells an IPv6 client by its network alone", async () => {
    const status = (bits: number) => statusOf(["2001:db8::/128"], { depth: 1, ipv6Subnet: bits }, "2001:db8::1:2:3:4");
    expect([await status(64), await status(96)]).toEqual([200, 403]);
  });
});

describe("X-Forwarded-For of a client that nobody trusts", () => {
  const strategies: IpStrategy[] = [
    {},
    { depth: 1 },
    { depth: 2 },
    { excludedIPs: ["192.0.2.1"] },
    { excludedIPs: ["10.0.0.0/8"], ipv6Subnet: 64 },
    { depth: 1, excludedIPs: ["192.0.2.1"] },
    { ipv6Subnet: 48 },
  ];
  it.each(strategies)("opens nothing with %j", async (ipStrategy) => {
    for (const forged of ["203.0.113.7", "203.0.113.7, 192.0.2.1", "203.0.113.7, 203.0.113.7, 203.0.113.7"]) {
      expect(await statusOf(["203.0.113.7"], ipStrategy, forged, false)).toBe(403);
    }
  });
});

it("answers with the status that was asked for", async () => {
  for (const rejectStatusCode of [200, 204, 404, 418, 599]) {
    const { response } = await run({ ...options(undefined, "198.51.100.1"), rejectStatusCode }, {});
    expect(response.status).toBe(rejectStatusCode);
  }
});

it.each([0, 101, 199, 600, Number.NaN])("refuses to answer with %d", (rejectStatusCode) => {
  expect(() => build({ ...options(undefined, "198.51.100.1"), rejectStatusCode })).toThrow("cannot be built");
});

it.each([
  [[], undefined],
  [["localhost"], undefined],
  [["10.0.0.0/33"], undefined],
  [["10.0.0.1"], { depth: -1 }],
  [["10.0.0.1"], { depth: 1.5 }],
  [["10.0.0.1"], { excludedIPs: ["x"] }],
  [["10.0.0.1"], { ipv6Subnet: 129 }],
])("refuses %j with %j", (sourceRange, ipStrategy) => {
  expect(() => build(options(ipStrategy, ...sourceRange))).toThrow("cannot be built");
});
