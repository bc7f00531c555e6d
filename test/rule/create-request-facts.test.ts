import { describe, expect, it } from "vitest";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";

const factsOf = (init: { host?: string; query?: string }) =>
  createRequestFacts({
    host: "",
    routingPath: "/",
    method: "GET",
    headers: new Headers({ "X-A": "b" }),
    query: "",
    clientAddress: "",
    ...init,
  });

describe("host", () => {
  it.each([
    ["a.com", "a.com"],
    [" A.Com:8080 ", "a.com"],
    ["a.com.", "a.com."],
    ["[2001:DB8::1]:443", "2001:db8::1"],
    ["[::1]", "::1"],
    ["::1", "::1"],
    ["[::1", "[::1"],
    [":80", ""],
    ["", ""],
  ])("of %j is %j", (sent, host) => {
    expect(factsOf({ host: sent }).host).toBe(host);
  });
});

describe("query", () => {
  it.each([
    ["", "k", []],
    ["?", "k", []],
    ["?k=1;k=2&K=3", "k", ["1", "2"]],
    ["k=1", "k", ["1"]],
    ["?a+b=c+d%20e", "a b", ["c d e"]],
    ["?k=%zz%", "k", ["%zz%"]],
    ["?k=%3B", "k", [";"]],
    ["?k", "k", [""]],
    ["?__proto__=1", "__proto__", ["1"]],
  ])("%s has %s %j", (query, key, values) => {
    expect(factsOf({ query }).query(key)).toEqual(values);
  });
});

it("hands on headers", () => {
  expect(factsOf({}).header("x-a")).toBe("b");
  expect(factsOf({}).header("x-b")).toBeNull();
});
