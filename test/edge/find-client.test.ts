import { describe, expect, it } from "vitest";
import { findClientAddress, isTrustedClient } from "../../src/edge/find-client.ts";

const request = (headers: Record<string, string>, cf?: object) =>
  Object.assign(new Request("http://a.com/", { headers }), { cf });

describe("findClientAddress", () => {
  it.each([
    [undefined, request({ "CF-Connecting-IP": "192.0.2.1" }), "192.0.2.1"],
    ["loopback", request({ "CF-Connecting-IP": "192.0.2.1" }, { clientIp: "192.0.2.9" }), "127.0.0.1"],
    ["cf", request({ "CF-Connecting-IP": "192.0.2.1" }, { clientIp: "192.0.2.9:4000" }), "192.0.2.9"],
    ["cf", request({}, { clientIp: "[2001:db8::1]:4000" }), "2001:db8::1"],
    ["cf", request({}, { clientIp: "2001:db8::1" }), "2001:db8::1"],
    ["cf", request({ "CF-Connecting-IP": "192.0.2.1" }), ""],
  ] as const)("reads %s", (source, from, address) => {
    expect(findClientAddress(from, source)).toBe(address);
  });
});

describe("isTrustedClient", () => {
  it.each([
    ["192.0.2.7", { trustedIps: ["192.0.2.0/24"] }, true],
    ["::ffff:192.0.2.7", { trustedIps: ["192.0.2.0/24"] }, true],
    ["192.0.3.7", { trustedIps: ["192.0.2.0/24"] }, false],
    ["192.0.2.7", { trustedIps: ["192.0.2.7"] }, true],
    ["2001:db8::1", { trustedIps: ["2001:db8::/32", "192.0.2.0/24"] }, true],
    ["", { trustedIps: ["0.0.0.0/0"] }, false],
    ["not an address", { trustedIps: ["0.0.0.0/0"] }, false],
    ["192.0.2.7", { trustedIps: ["nonsense"] }, false],
    ["192.0.2.7", undefined, false],
    ["192.0.2.7", { insecure: true }, true],
  ])("%s with %j: %s", (address, forwardedHeaders, trusted) => {
    expect(isTrustedClient(address, { port: 80, ...(forwardedHeaders && { forwardedHeaders }) })).toBe(trusted);
  });
});
