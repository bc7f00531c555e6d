import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import type { Rule } from "../../src/table/rule.ts";

interface Client {
  cookie?: string;
  user?: string;
  country?: string;
  address?: string;
}

function matches(text: string, { cookie, user, country = "", address = "192.0.2.1" }: Client): boolean {
  const parsed = parseRule(text, "v3");
  if ("error" in parsed) throw new Error(parsed.error.message);
  const headers = new Headers();
  if (cookie !== undefined) headers.set("Cookie", cookie);
  if (user !== undefined) headers.set("X-User", user);
  return compileRule(parsed.rule)(
    createRequestFacts({
      host: "",
      routingPath: "/",
      method: "GET",
      headers,
      query: "",
      clientAddress: address,
      country: () => country,
    }),
  );
}

describe("reading", () => {
  it.each<[string, Rule]>([
    ["Cookie(`beta`, `yes`)", { type: "cookie", name: "beta", value: "yes" }],
    ["CookieRegexp(`beta`, `^y`)", { type: "cookieRegexp", name: "beta", regexp: "^y" }],
    ["Country(`de`)", { type: "country", country: "DE" }],
    ["Percent(`5`)", { type: "percent", percent: 5 }],
    ["Percent(`0.25`, `Header`, `X-User`)", { type: "percent", percent: 0.25, header: "X-User" }],
    ["Percent(`100`, `cookie`, `uid`)", { type: "percent", percent: 100, cookie: "uid" }],
  ])("%s", (text, rule) => {
    expect(parseRule(text, "v3")).toEqual({ rule, warnings: [] });
  });

  it.each([
    ["Cookie(`a b`, `c`)", 7, "No cookie is named"],
    ["Country(`Germany`)", 8, "is no country's code"],
    ["Percent(`5%`)", 8, "is no share of 100"],
    ["Percent(`101`)", 8, "is no share of 100"],
    ["Percent(`-1`)", 8, "is no share of 100"],
    ["Percent(`5`, `Query`, `q`)", 13, "by a `Header` or a `Cookie`"],
    ["Percent(`5`, `Header`)", 13, "name is missing"],
  ])("%s is refused at its place", (text, offset, message) => {
    expect(parseRule(text, "v3")).toEqual({
      error: expect.objectContaining({ offset, message: expect.stringContaining(message) }),
    });
  });

  it("is v3's alone", () => {
    expect(parseRule("Cookie(`a`, `b`)", "v2")).toHaveProperty("error");
  });
});

describe("matching", () => {
  it.each<[string, Client, boolean]>([
    ["Cookie(`beta`, `yes`)", { cookie: "a=b; beta=yes" }, true],
    ["Cookie(`beta`, `yes`)", { cookie: 'beta="yes"' }, true],
    ["Cookie(`beta`, `yes`)", { cookie: "beta=yesterday" }, false],
    ["Cookie(`beta`, `yes`)", { cookie: "alphabeta=yes" }, false],
    ["Cookie(`beta`, `yes`)", {}, false],
    ["CookieRegexp(`user`, `^(ann|bob)$`)", { cookie: "user=bob" }, true],
    ["CookieRegexp(`user`, `^(ann|bob)$`)", { cookie: "user=eve" }, false],
    ["CookieRegexp(`user`, `^$`)", {}, false],
    ["Country(`DE`) || Country(`AT`)", { country: "AT" }, true],
    ["Country(`DE`)", { country: "FR" }, false],
    ["!Country(`DE`)", {}, true],
    ["Percent(`100`)", {}, true],
    ["Percent(`0`)", {}, false],
    ["Percent(`100`, `Header`, `X-User`)", { user: "ann" }, true],
    ["Percent(`100`, `Header`, `X-User`)", {}, false],
    ["Percent(`100`, `Cookie`, `uid`)", { cookie: "uid=7" }, true],
    ["Percent(`100`, `Cookie`, `uid`)", { user: "7" }, false],
  ])("%s of %o: %s", (text, client, expected) => {
    expect(matches(text, client)).toBe(expected);
  });
});

describe("shares", () => {
  it.each([
    ["192.0.2.1", 45.19],
    ["2001:db8::1", 89.63],
    ["alice", 91.43],
    ["é", 73.03],
  ])("%s is beyond %d percent, as in the releases before", (address, share) => {
    expect(matches(`Percent(\`${share}\`)`, { address })).toBe(false);
    expect(matches(`Percent(\`${(share + 0.01).toFixed(2)}\`)`, { address })).toBe(true);
  });

  it("whoever is in a share is in every larger one", () => {
    const percent = fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100);
    fc.assert(
      fc.property(fc.string(), percent, percent, (user, a, b) => {
        const [small, large] = a < b ? [a, b] : [b, a];
        const client = { address: user };
        if (matches(`Percent(\`${small}\`)`, client)) expect(matches(`Percent(\`${large}\`)`, client)).toBe(true);
      }),
    );
  });

  it.each([
    ["users in a row", (index: number) => `user-${index}`],
    ["neighbours of one network", (index: number) => `10.0.${index >> 8}.${index & 255}`],
    ["numbers", String],
  ])("of %s, as many are in a share as it says", (_, nameOf) => {
    const users = Array.from({ length: 20_000 }, (__, index) => ({ user: nameOf(index) }));
    for (const percent of [1, 5, 25, 50]) {
      const chosen = users.filter((client) => matches(`Percent(\`${percent}\`, \`Header\`, \`X-User\`)`, client));
      expect(Math.abs(chosen.length / 200 - percent)).toBeLessThan(1);
    }
  });
});
