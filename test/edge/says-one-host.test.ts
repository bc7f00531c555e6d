import { expect, it } from "vitest";
import { saysOneHost } from "../../src/edge/says-one-host.ts";

it.each([
  "a",
  "a.com",
  "A.com:8080",
  "a.com:65535",
  "a.com:65499",
  "a.com:60000",
  "a.com:00080",
  "a.com.",
  "a_b.com:",
  "10.0.0.1:80",
  "[::1]",
  "[2001:db8::1]:443",
  "caf%C3%A9.com",
])("takes %s", (host) => {
  expect(saysOneHost(host, host)).toBe(true);
});

it.each([
  "",
  ":80",
  "a.com/x",
  "a.com?x",
  "a.com#x",
  "a.com*",
  "user@a.com",
  "a.com\\@b.com",
  "a.com b.com",
  "a.com, b.com",
  "a.com:x",
  "a.com:999999",
  "a.com:65536",
  "[::1]:99999",
  "a.com:80:80",
  "::1",
  "[::1",
  "[a.com]",
  "v\xefctim.com",
  "a.com\n",
  `${"a".repeat(256)}.com`,
])("does not take %j", (host) => {
  expect(saysOneHost(host, host)).toBe(false);
});

it("looks at both", () => {
  expect(saysOneHost("a.com", null)).toBe(true);
  expect(saysOneHost("a.com", "b.com:80")).toBe(true);
  expect(saysOneHost("a.com", "a.com/x")).toBe(false);
  expect(saysOneHost("a.com*", "a.com")).toBe(false);
});
