import { expect, it } from "vitest";
import { isValidHost } from "../../src/edge/is-valid-host.ts";

it.each([
  "a",
  "a.com",
  "A.com:8080",
  "a.com.",
  "a_b.com:",
  "10.0.0.1:80",
  "[::1]",
  "[2001:db8::1]:443",
  "caf%C3%A9.com",
])("takes %s", (host) => {
  expect(isValidHost(host)).toBe(true);
});

it.each([
  "",
  ":80",
  "a.com/x",
  "a.com?x",
  "a.com#x",
  "user@a.com",
  "a.com\\@b.com",
  "a.com b.com",
  "a.com, b.com",
  "a.com:x",
  "a.com:999999",
  "a.com:80:80",
  "::1",
  "[::1",
  "[a.com]",
  "v\xefctim.com",
  "a.com\n",
  `${"a".repeat(256)}.com`,
])("does not take %j", (host) => {
  expect(isValidHost(host)).toBe(false);
});
