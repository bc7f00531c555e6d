import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRule } from "../../src/rule/parse-rule.ts";
import { MAX_RULE_DEPTH, MAX_RULE_LENGTH } from "../../src/rule/parse-rule-text.ts";
import type { Rule } from "../../src/table/rule.ts";

const host = (name: string): Rule => ({ type: "host", host: name });
const path = (literal: string): Rule => ({ type: "path", path: literal });
const not = (rule: Rule): Rule => ({ type: "not", rule });
const and = (...rules: Rule[]): Rule => ({ type: "and", rules });
const or = (...rules: Rule[]): Rule => ({ type: "or", rules });

const errorOf = (text: string, syntax: "v3" | "v2" = "v3") => {
  const parsed = parseRule(text, syntax);
  if (!("error" in parsed)) throw new Error(`${text} parses`);
  const { offset, length } = parsed.error;
  return { ...parsed.error, place: text.slice(offset, offset + length) };
};

const cleanRule = (text: string, syntax: "v3" | "v2" = "v3") => {
  const parsed = parseRule(text, syntax);
  expect(parsed).toHaveProperty("warnings", []);
  return "rule" in parsed ? parsed.rule : undefined;
};

describe("operators", () => {
  it.each<[string, Rule]>([
    ["Host(`a`)", host("a")],
    ["Host(`a`) || Host(`b`) && Path(`/c`)", or(host("a"), and(host("b"), path("/c")))],
    ["(Host(`a`) || Host(`b`)) && Path(`/c`)", and(or(host("a"), host("b")), path("/c"))],
    ["Host(`a`) && (Host(`b`) && Host(`c`)) && Host(`d`)", and(host("a"), host("b"), host("c"), host("d"))],
    ["!Host(`a`) && Path(`/c`)", and(not(host("a")), path("/c"))],
    ["!!Host(`a`)", host("a")],
    ["!(Host(`a`) && Path(`/c`))", or(not(host("a")), not(path("/c")))],
    ["!(Host(`a`) || !Path(`/c`))", and(not(host("a")), path("/c"))],
    ["!(!(Host(`a`) || Path(`/c`)))", or(host("a"), path("/c"))],
    ["((Host(`a`)))", host("a")],
    ["\n  Host(`a`)\n  && // the page\n  Path( `/c` , ) /* all */\n", and(host("a"), path("/c"))],
  ])("of %s", (text, rule) => {
    expect(cleanRule(text)).toEqual(rule);
  });
});

describe("v3 matchers", () => {
  it.each<[string, Rule]>([
    ["Host(`Example.COM`)", host("example.com")],
    ["Host(`example.com.`)", host("example.com")],
    ["Host(`[2001:DB8::1]`)", host("2001:db8::1")],
    ["Host(`*`)", { type: "any" }],
    ["Host(`*.Example.com`)", { type: "hostWildcard", suffix: "example.com" }],
    ["HostRegexp(`^[a-z]+\\.example\\.com$`)", { type: "hostRegexp", regexp: "^[a-z]+\\.example\\.com$" }],
    ["Path(`/foo bar`)", path("/foo bar")],
    ["Path(`/foo%20bar%2fbaz`)", path("/foo bar%2Fbaz")],
    ["PathPrefix(`/api`)", { type: "pathPrefix", path: "/api" }],
    ["PathRegexp(`\\.(jpg|png)$`)", { type: "pathRegexp", regexp: "\\.(jpg|png)$" }],
    ["Method(`get`)", { type: "method", method: "GET" }],
    ["Header(`X-A`, `b, c`)", { type: "header", name: "X-A", value: "b, c" }],
    ["HeaderRegexp(`X-A`, `^b`)", { type: "headerRegexp", name: "X-A", regexp: "^b" }],
    ["Query(`k`)", { type: "query", key: "k", value: "" }],
    ["Query(`k`, `v`)", { type: "query", key: "k", value: "v" }],
    ["QueryRegexp(`k`)", { type: "query", key: "k", value: "" }],
    ["QueryRegexp(`k`, `.*`)", { type: "queryRegexp", key: "k", regexp: ".*" }],
    ["ClientIP(`10.0.0.0/8`)", { type: "clientIp", cidr: "10.0.0.0/8" }],
    ["ClientIP(`::1`)", { type: "clientIp", cidr: "::1" }],
  ])("%s", (text, rule) => {
    expect(cleanRule(text)).toEqual(rule);
  });

  it.each(["PathPrefix", "pathprefix", "PATHPREFIX", "Pathprefix"])("accepts the spelling %s", (name) => {
    expect(cleanRule(`${name}(\`/a\`)`)).toEqual({ type: "pathPrefix", path: "/a" });
  });

  it.each(["pathPrefix", "PATHprefix", "HostRegExp"])("refuses the spelling %s", (name) => {
    const canonical = name.startsWith("H") ? "HostRegexp" : "PathPrefix";
    expect(errorOf(`${name}(\`/a\`)`).hint).toBe(`Did you mean ${canonical}?`);
  });
});

describe("strings are Go's", () => {
  it.each([
    ['"/a"', "/a"],
    ['"/\\"\\\\\\t"', '/"\\\t'],
    ['"/\\x41\\101\\u00e9\\U0001F600"', "/AAé😀"],
    ['"/\\xc3\\xa9\\303\\251"', "/éé"],
    ['"/\\xff"', "/\ufffd"],
    ["`/a\\n\r\n\"'`", "/a\\n\n\"'"],
  ])("%s", (literal, value) => {
    expect(cleanRule(`Path(${literal})`)).toEqual(path(value));
  });

  it.each([
    ['Path("/\\d")', "\\d"],
    ['Path("/\\\'")', "\\'"],
    ['Path("/\\x4")', "\\x"],
    ['Path("/\\400")', "\\400"],
    ['Path("/\\ud800")', "\\ud800"],
    ['Path("/\\U00110000")', "\\U00110000"],
  ])("%s has a wrong escape", (text, place) => {
    expect(errorOf(text)).toMatchObject({ code: "rule-syntax", place, hint: expect.stringContaining("backticks") });
  });
});

describe("errors name the place and what to do", () => {
  it.each([
    ["", "", "The rule is empty", "Host"],
    ["  ", "", "The rule is empty", "Host"],
    ["Hots(`a`)", "Hots", "no matcher Hots", "Did you mean Host?"],
    ["PathPrefx(`/a`)", "PathPrefx", "no matcher PathPrefx", "Did you mean PathPrefix?"],
    ["constructor(`a`)", "constructor", "no matcher", "The matchers are Host,"],
    ["Headers(`a`, `b`)", "Headers", "no matcher Headers", "write Header"],
    ["HostSNI(`*`)", "HostSNI", "no matcher HostSNI", "TCP"],
    ["PathPrefixStrip(`/a`)", "PathPrefixStrip", "no matcher", "stripPrefix"],
    ["Host('a.com')", "'a.com'", "Expected a string", "Write `a.com`"],
    ["Host(a.com)", "a", "Expected a string", "Write `a.com`"],
    ["Host(“a.com”)", "“", "Expected a string", "Write `a.com`"],
    ["Host(`a`, 8080)", "8", "Expected a string", "Write `8080`"],
    ["Host(`a", "`a", "no closing backtick", undefined],
    ['Host("a', '"a', "no closing double quote", undefined],
    ["Host(`a`", "", "Expected a comma or a closing parenthesis", undefined],
    ["(Host(`a`)", "", "closing parenthesis", undefined],
    ["Host(`a`))", ")", "Expected && or ||", undefined],
    ["Host(`a`) &&", "", "Expected a matcher, such as Host(`example.com`), found the end", undefined],
    ["Host(`a`) & Path(`/`)", "&", "Expected && or ||", "Write &&"],
    ["Host(`a`) | Path(`/`)", "|", "Expected && or ||", "Write ||"],
    ["Host(`a`) and Path(`/`)", "and", "Expected && or ||", "Write &&"],
    ["not Host(`a`)", "not", "no matcher", "Write !"],
    ["Host(`a`), Path(`/`)", ",", "Expected && or ||", "Join matchers"],
    ["Host(`a`) Path(`/`)", "Path", "Expected && or ||", undefined],
    ["Host == `a`", "==", "opening parenthesis after Host", "as a call"],
    ["Host != `a`", "!=", "opening parenthesis after Host", "!Host"],
    ["Host:a.com", ":", "opening parenthesis after Host", "Traefik 1"],
    ["`a.com`", "`a.com`", "Expected a matcher", "Put a matcher before it"],
    ["Host()", "Host()", "takes 1 argument, not 0", "Write Host(`example.com`)"],
    ["Host(`a`, `b`)", "Host(`a`, `b`)", "takes 1 argument, not 2", "Host(`a`) || Host(`b`)"],
    ["Header(`a`)", "Header(`a`)", "takes 2 arguments, not 1", "Header(`X-Name`, `value`)"],
    ["Query(`a`,`b`,`c`)", "Query(`a`,`b`,`c`)", "takes 1 or 2 arguments, not 3", "Query"],
    ["Host(``)", "``", "An argument is empty", "leave the matcher out"],
    ["Query(`k`, ``)", "``", "An argument is empty", "leave the matcher out"],
    ["Host(`münchen.de`)", "`münchen.de`", "ASCII", "xn--mnchen-3ya.de"],
    ["HostRegexp(`ü`)", "`ü`", "ASCII", undefined],
    ["Path(`a`)", "`a`", "begins with a slash", "Write /a"],
    ["PathPrefix(`a`)", "`a`", "begins with a slash", "Write /a"],
    ["ClientIP(`10.0.0.0/33`)", "`10.0.0.0/33`", "neither an IP address nor a CIDR block", "10.0.0.0/8"],
    ["ClientIP(`10.1`)", "`10.1`", "neither", "10.0.0.1"],
  ])("%s", (text, place, message, hint) => {
    const error = errorOf(text);
    expect(error).toMatchObject({ code: "rule-syntax", place, message: expect.stringContaining(message) });
    if (hint !== undefined) expect(error.hint).toContain(hint);
  });

  it.each([
    ["PathRegexp(`a(`)", "`a(`", undefined],
    ["HostRegexp(`[z-a]`)", "`[z-a]`", undefined],
    ["HeaderRegexp(`X`, `(?=a)`)", "`(?=a)`", "look-around"],
    ["QueryRegexp(`k`, `(a)\\1`)", "`(a)\\1`", "back-references"],
    ["PathRegexp(`a{1001}`)", "`a{1001}`", undefined],
  ])("%s is not RE2", (text, place, hint) => {
    const error = errorOf(text);
    expect(error).toMatchObject({ code: "rule-regexp", place });
    expect(error.hint ?? "").toContain(hint ?? "");
  });
});

describe("warnings tell of what cannot match", () => {
  it.each([
    ["HostRegexp(`{sub:[a-z]+}.example.com`)", "`{sub:[a-z]+}.example.com`", "regular expression"],
    ["Path(`/users/{id}`)", "`/users/{id}`", "regular expression"],
    ["Host(`a.com:8080`)", "`a.com:8080`", "Leave the port out"],
    ["Host(`a.com/b`)", "`a.com/b`", "PathPrefix"],
    ["Host(`a.*.com`)", "`a.*.com`", "HostRegexp"],
    ["Host(`{sub}.a.com`)", "`{sub}.a.com`", "HostRegexp"],
    ["Header(`host`, `a.com`)", "`host`", "Use Host"],
    ["Header(`X A`, `b`)", "`X A`", undefined],
    ["Path(`/100%`)", "`/100%`", "Write %25"],
  ])("%s", (text, place, hint) => {
    const parsed = parseRule(text, "v3");
    const [warning] = "warnings" in parsed ? parsed.warnings : [];
    expect(warning).toMatchObject({ code: "rule-unreachable" });
    expect(text.slice(warning?.offset, (warning?.offset ?? 0) + (warning?.length ?? 0))).toBe(place);
    expect(warning?.hint ?? "").toContain(hint ?? "");
  });

  it.each(["PathRegexp(`^/a{2}\\p{Greek}\\x{ff}\\{id\\}`)", "HostRegexp(`^[a-z]{2,3}$`)"])("%s is fine", (text) => {
    expect(cleanRule(text)).toBeDefined();
  });
});

describe("v2 matchers", () => {
  it.each<[string, Rule]>([
    ["Host(`a`, `B`)", or(host("a"), host("b"))],
    ["!Host(`a`, `b`)", and(not(host("a")), not(host("b")))],
    ["HostHeader(`a`)", host("a")],
    ["Path(`/a`, `/b`)", or(path("/a"), path("/b"))],
    ["PathPrefix(`/a`)", { type: "pathPrefix", path: "/a" }],
    ["Method(`GET`, `post`)", or({ type: "method", method: "GET" }, { type: "method", method: "POST" })],
    [
      "HostRegexp(`{sub:[a-z]{3}}.example.com`, `x.y`)",
      or(
        { type: "hostRegexp", regexp: "(?i)^(?:[a-z]{3})\\.example\\.com$" },
        { type: "hostRegexp", regexp: "(?i)^x\\.y$" },
      ),
    ],
    ["HostRegexp(`{sub}.a`)", { type: "hostRegexp", regexp: "(?i)^(?:[^.]+)\\.a$" }],
    ["Path(`/a/{id}/b.c`)", { type: "pathRegexp", regexp: "^/a/(?:[^/]+)/b\\.c$" }],
    ["PathPrefix(`/{a:x|y}/%20`)", { type: "pathRegexp", regexp: "^/(?:x|y)/ " }],
    ["Headers(`A`, `b`)", { type: "header", name: "A", value: "b" }],
    ["HeadersRegexp(`A`, `^b`)", { type: "headerRegexp", name: "A", regexp: "^b" }],
    ["Query(`k=v=w`)", { type: "query", key: "k", value: "v=w" }],
    ["Query(`k=`)", { type: "queryRegexp", key: "k", regexp: ".*" }],
    ["Query(`k={n:[0-9]+}`)", { type: "queryRegexp", key: "k", regexp: "^(?:[0-9]+)$" }],
    ["Query(`a=1`, `b=2`)", and({ type: "query", key: "a", value: "1" }, { type: "query", key: "b", value: "2" })],
    ["ClientIP(`10.0.0.1`)", { type: "clientIp", cidr: "10.0.0.1" }],
  ])("%s", (text, rule) => {
    expect(cleanRule(text, "v2")).toEqual(rule);
  });

  it.each([
    ["Header(`a`, `b`)", "Header", "write Headers"],
    ["PathRegexp(`^/a`)", "PathRegexp", "syntax to v3"],
    ["Query(`k`)", "`k`", "Query(`k=value`)"],
    ["Headers(`a`, `b`, `c`)", "`c`", "Headers(`X-Name`, `value`)"],
    ["Headers(`a`)", "Headers(`a`)", "Headers(`X-Name`, `value`)"],
    ["Path(`/{id`)", "`/{id`", ""],
    ["Path(`/id}`)", "`/id}`", ""],
    ["Path(`/{a}/{a}`)", "`/{a}/{a}`", ""],
    ["Path(`/{:x}`)", "`/{:x}`", "{name:pattern}"],
    ["Path(`{a}`)", "`{a}`", "Write /"],
  ])("%s does not parse", (text, place, hint) => {
    const error = errorOf(text, "v2");
    expect(error).toMatchObject({ code: "rule-syntax", place });
    expect(error.hint ?? "").toContain(hint);
  });

  it("keeps a variable's pattern within its place", () => {
    expect(errorOf("Path(`/{a:x)|(?:y}`)", "v2").code).toBe("rule-regexp");
  });
});

describe("hostile rules", () => {
  const deep = (depth: number) => `${"(".repeat(depth)}Host(\`a\`)${")".repeat(depth)}`;

  it("bounds the depth", () => {
    expect(cleanRule(deep(MAX_RULE_DEPTH))).toEqual(host("a"));
    expect(errorOf(deep(MAX_RULE_DEPTH + 1))).toMatchObject({ place: "(", offset: MAX_RULE_DEPTH });
    expect(errorOf("(".repeat(60_000)).message).toContain("deep");
    expect(errorOf("!(".repeat(30_000)).message).toContain("deep");
  });

  it("bounds the length", () => {
    expect(errorOf("(".repeat(100_000))).toMatchObject({ offset: MAX_RULE_LENGTH });
    expect(cleanRule(`${"!".repeat(MAX_RULE_LENGTH - 10)}Host(\`a\`)`)).toBeDefined();
  });

  it("keeps messages short", () => {
    const error = errorOf(`${"a".repeat(60_000)}(\`b\`)`);
    expect(error.message.length).toBeLessThan(200);
  });

  it("never throws, and places every error within the text", () => {
    const word = fc.constantFrom(
      ...["Host", "Path", "Query", "Headers", "(", ")", "`", '"', "'", "`/a`", "`{a:b}`", "`*.`", "&&", "||", "!"],
      ...[",", "\\", "{", "}", "//", "/*", "\n", " ", "é", "😀", "\ud800", "%", "=="],
    );
    const syntax = fc.constantFrom("v3" as const, "v2" as const);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), fc.string(), syntax, (words, rest, version) => {
        const text = words.join("") + rest;
        const parsed = parseRule(text, version);
        const problems = "error" in parsed ? [parsed.error] : parsed.warnings;
        for (const { offset, length } of problems) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset + length).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
