import { expect, it } from "vitest";
import { compileAddressBlock } from "../../src/rule/client-address.ts";

it.each([
  ["10.0.0.1", "10.0.0.1", true],
  ["10.0.0.1", "10.0.0.2", false],
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.9.9.9/8", "10.255.0.1", true],
  ["0.0.0.0/0", "192.0.2.1", true],
  ["0.0.0.0/0", "2001:db8::1", false],
  ["::/0", "2001:db8::1", true],
  ["::/0", "10.0.0.1", false],
  ["::ffff:10.0.0.1", "10.0.0.1", true],
  ["::ffff:10.0.0.0/104", "10.1.1.1", true],
  ["::ffff:a00:0/104", "10.1.1.1", true],
  ["2001:DB8::/32", "2001:db8::1", true],
  ["10.0.0.0/8", "not an address", false],
])("%s takes %s: %s", (block, address, expected) => {
  expect(compileAddressBlock(block)?.(address)).toBe(expected);
});

it.each(["", "a.com", "10.0.0", "10.0.0.256", "010.0.0.1", "0x7f.0.0.1", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8"])(
  "%j is no block",
  (text) => {
    expect(compileAddressBlock(text)).toBeUndefined();
  },
);

it.each(["fe80::1%eth0", "::1/129", "::ffff:10.0.0.1/95", "1::2::3", "::1/-1"])("%j is no block", (text) => {
  expect(compileAddressBlock(text)).toBeUndefined();
});
