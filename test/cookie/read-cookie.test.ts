import { describe, expect, it } from "vitest";
import { readCookie } from "../../src/cookie/read-cookie.ts";

describe("readCookie", () => {
  it.each([
    ["lvl1=a", "a"],
    ["x=1; lvl1=a; y=2", "a"],
    ["x=1;lvl1=a", "a"],
    ["lvl1=a; lvl1=b", "a"],
    ['lvl1="a"', "a"],
    ["lvl1= a ; x=1", "a"],
    ["lvl1=", ""],
    ["x=1, lvl1=a", "a"],
    ["lvl1=a=b", "a=b"],
    ["xlvl1=b; lvl1=a", "a"],
    ["lvl12=b; lvl1=a", "a"],
    ["x=lvl1; lvl1=a", "a"],
    ["x=/lvl1=b; lvl1=a", "a"],
    ['lvl1="', '"'],
  ])("finds lvl1 in %s", (header, value) => {
    expect(readCookie(header, "lvl1")).toBe(value);
  });

  it.each([[null], [""], ["x=1"], ["lvl1"], ["LVL1=a"], ["x lvl1=a"], ["x=lvl1=a"]])("finds none in %s", (header) => {
    expect(readCookie(header, "lvl1")).toBeUndefined();
  });
});
