import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import { describe, expect, it } from "vitest";
import { isMap, isScalar, type Node } from "yaml";
import { ConfigError, parseConfig } from "../../sync-agent/config/parse-config.ts";
import { readToml } from "../../sync-agent/config/read-toml.ts";
import { readStaticConfig } from "../../sync-agent/config/static-config.ts";

describe("TOML is read as what it says", () => {
  it.each([
    ["nothing", ""],
    ["values of all kinds", 'a = 1\nb = "text"\nc = true\nd = 1.5\ne = [1, [2, "x"]]\nf = { g = 1, h.i = 2 }\n'],
    ["tables", '[a]\nx = 1\n[a.b]\ny = 2\n[c.d.e]\nz = "deep"\n'],
    ["tables in any order", "[a.b]\nx = 1\n[a]\ny = 2\n"],
    ["dotted and quoted keys", "a.b.c = 1\n\"a.b\" = 2\n'x y'.z = 3\n"],
    ["lists of tables", "[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\ny = 3\n[[a.c]]\nz = 4\n[[a.c]]\nz = 5\n"],
    ["comments and long text", '# a\na = """\none\ntwo"""\n'],
  ])("%s", (_, text) => {
    expect(JSON.stringify(readToml(text))).toBe(JSON.stringify(getStaticTOMLValue(parseTOML(text))));
  });
});

it("a table may have the name of what every object has", () => {
  expect(JSON.stringify(readToml("[__proto__]\nx = 1\n[constructor]\ny = 2\n"))).toBe(
    '{"__proto__":{"x":1},"constructor":{"y":2}}',
  );
});

describe("places", () => {
  const text = '[entryPoints]\n  [entryPoints.web]\n  address = ":80"\n  colour = "red"\n';

  it("each value knows where it stands", () => {
    const { root, locate } = parseConfig(text, "traefik.toml");
    const find = (node: Node | undefined, ...keys: string[]): Node | undefined =>
      keys.reduce<Node | undefined>(
        (at, key) => (isMap<unknown, Node>(at) ? at.get(key, true) : undefined) as Node,
        node,
      );
    const address = find(root, "entryPoints", "web", "address");
    expect(isScalar(address) && address.value).toBe(":80");
    expect(address && locate(address)).toEqual({
      file: "traefik.toml",
      line: 3,
      column: 13,
      length: 5,
      text: '  address = ":80"',
    });
  });

  it("what is wrong is said with its place, as for YAML", () => {
    const { problems, settings } = readStaticConfig(text, "traefik.toml");
    expect(settings.entryPoints).toEqual({ web: { port: 80 } });
    expect(problems).toMatchObject([{ code: "unknown-field", location: { line: 4, column: 3 } }]);
  });

  it.each([
    ["a line that is none", "a = 1\nb c\n", /^traefik\.toml:2:\d+: /],
    ["a key said twice", "a = 1\na = 2\n", /^traefik\.toml:2:\d+: /],
  ])("%s is an error with its place", (_, wrong, message) => {
    expect(() => readStaticConfig(wrong, "traefik.toml")).toThrow(ConfigError);
    expect(() => readStaticConfig(wrong, "traefik.toml")).toThrow(message);
  });
});
