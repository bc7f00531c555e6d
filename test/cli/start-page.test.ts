import { describe, expect, it } from "vitest";
import { parseEntryPointOptions } from "../../cli/commands/entry-point-options.ts";
import { toPrintable } from "../../cli/print/printable-problem.ts";
import { newlyListening, startPage } from "../../cli/print/start-page.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Router } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import type { Table } from "../../src/table/table.ts";

const ruleOf = (text: string): Rule => {
  const parsed = parseRule(text, "v3");
  if ("error" in parsed) throw new Error(parsed.error.message);
  return parsed.rule;
};
const router = (ruleText: string, overrides: Partial<Router> = {}): Router => ({
  name: ruleText,
  entryPoints: ["web"],
  tls: false,
  rule: ruleOf(ruleText),
  ruleText,
  priority: ruleText.length,
  tieBreaker: ruleText,
  middlewares: [],
  service: "app",
  ...overrides,
});
const table = (...routers: Router[]): Table => ({
  ...emptyTable(),
  entryPoints: { web: { port: 80 }, websecure: { port: 443 } },
  services: {
    app: {
      type: "loadBalancer",
      endpoints: "default-app-80",
      scheme: "http",
      passHostHeader: true,
      transport: "gateway",
    },
  },
  routers,
});
const doors = [
  { name: "web", host: "127.0.0.1", port: 8787, tls: false },
  { name: "websecure", host: "::1", port: 8788, tls: true },
];

describe("startPage", () => {
  it("says where it listens, what is routed, and what to try", () => {
    const page = startPage(
      table(
        router("Host(`a.test`)"),
        router("Host(`b.test`) && Path(`/x`)", { entryPoints: ["websecure"], tls: true }),
      ),
      doors,
    );
    expect(page).toEqual([
      "Listening",
      "  web        http://127.0.0.1:8787",
      "  websecure  https://[::1]:8788  http://[::1]:8788",
      "",
      "Routes",
      "  ENTRY POINT      RULE                          SERVICE         PRIORITY",
      "  web              Host(`a.test`)                default-app-80  14",
      "  websecure (tls)  Host(`b.test`) && Path(`/x`)  default-app-80  28",
      "",
      "Try",
      "  curl -H 'Host: a.test' http://127.0.0.1:8787/",
      "  curl -k --resolve 'b.test:8788:[::1]' https://b.test:8788/x",
    ]);
  });

  it("says when there are no routes, and which entry points have none", () => {
    expect(startPage(table(), doors).at(-1)).toBe("No routes: every request gets 404.");
    expect(startPage(table(router("Path(`/`)")), doors)[2]).toMatch(/ \(no route\)$/);
  });

  it("cuts long lists", () => {
    const routers = Array.from({ length: 50 }, (_, i) => router(`Path(\`/${i}\`)`));
    const page = startPage(table(...routers), doors);
    expect(page).toContain("  … and 10 more routes");
    expect(page.at(-1)).toBe("  … and 10 more commands");
  });

  it.each([
    // The second alternative is the one that no other route takes.
    ["Path(`/a`) || Path(`/b`)", "curl http://127.0.0.1:8787/b"],
    ["ClientIP(`192.0.2.1`)", "# ClientIP(`192.0.2.1`): no request that reaches it could be made up"],
    ["ClientIP(`127.0.0.0/8`) && Query(`k`, `v`)", "curl 'http://127.0.0.1:8787/?k=v'"],
    [
      "HostRegexp(`^[a-z]+\\.test$`) && HeaderRegexp(`X-A`, `^v[0-9]`)",
      "curl -H 'X-A: v1' -H 'Host: a.test' http://127.0.0.1:8787/",
    ],
  ])("makes up a request that reaches %s", (text, line) => {
    const other = router("Path(`/a`)", { priority: 1000 });
    expect(
      startPage(table(other, router(text)), doors)
        .at(-1)
        ?.trim(),
    ).toBe(line);
  });
});

describe("toPrintable", () => {
  const problem = {
    code: "rule-syntax",
    severity: "error",
    object: { apiVersion: "v1", kind: "IngressRoute", namespace: "ns", name: "app" },
    path: [],
    message: "m",
  } as const;
  it.each([
    ["/work/manifests", "a/b.yaml", "/work", "manifests/a/b.yaml"],
    ["/other", "b.yaml", "/work", "/other/b.yaml"],
    ["/work/b.yaml", "b.yaml", "/work", "b.yaml"],
  ])("names files as they are reached from here: %s %s", (dir, file, cwd, name) => {
    expect(toPrintable(problem, { file, line: 1, column: 1 }, dir, cwd)).toMatchObject({
      subject: "IngressRoute ns/app",
      location: { file: name, line: 1 },
    });
  });
  it("has no subject for a file, and no empty namespace", () => {
    const { object } = problem;
    expect(
      toPrintable({ ...problem, object: { ...object, kind: "File" } }, undefined, "/", "/").subject,
    ).toBeUndefined();
    expect(toPrintable({ ...problem, object: { ...object, namespace: "" } }, undefined, "/", "/").subject).toBe(
      "IngressRoute app",
    );
  });
});

describe("--entrypoint", () => {
  it.each([
    [["dev", "x", "--entrypoint", "web=0.0.0.0:80"], { web: { host: "0.0.0.0", port: 80 } }],
    [
      ["--entrypoint=web=:81", "--entrypoint", "six=[::1]:0", "--entrypoint=web=:82"],
      { web: { host: "127.0.0.1", port: 82 }, six: { host: "::1", port: 0 } },
    ],
    [["--entrypoint=dns=:5353/udp"], { dns: { host: "127.0.0.1", port: 5353, protocol: "udp" } }],
    [[], {}],
  ])("%j", (args, expected) => {
    expect(parseEntryPointOptions(args)).toEqual(expected);
  });

  it.each([[["--entrypoint"]], [["--entrypoint", "web"]], [["--entrypoint=web=80"]], [["--entrypoint=web=:53/icmp"]]])(
    "%j is refused with the form it should have",
    (args) => {
      expect(() => parseEntryPointOptions(args)).toThrow(/--entrypoint web=127\.0\.0\.1:8787/);
    },
  );
});

describe("newlyListening", () => {
  const [web, websecure] = doors;
  it.each([
    ["nothing has changed", doors, []],
    ["one was opened", [web], ["websecure listens on https://[::1]:8788 and http://[::1]:8788"]],
    [
      "one has come to take TLS",
      [web, { ...websecure, tls: false }],
      ["websecure listens on https://[::1]:8788 and http://[::1]:8788"],
    ],
  ])("tells where to go when %s", (_, before, lines) => {
    expect(newlyListening(before as typeof doors, doors, table())).toEqual(lines);
  });
});
