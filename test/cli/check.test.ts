import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pc from "picocolors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCheck } from "../../cli/commands/check.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-check-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
}

const service = (name: string) => `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 80 }] }
---
`;

const route = (name: string, match: string, extra = "", entryPoints = "[web]") => `apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: ${name} }
spec:
  entryPoints: ${entryPoints}
  routes:
    - match: ${match}
      kind: Rule
      services: [{ name: app, port: 80 }]
${extra}---
`;

const check = (options: Partial<Parameters<typeof runCheck>[0]> = {}) => runCheck({ dir: ".", cwd: dir, ...options });

async function found(options: Partial<Parameters<typeof runCheck>[0]> = {}): Promise<string[]> {
  const { stdout } = await check({ ...options, json: true });
  const problems = JSON.parse(stdout) as { code: string; file: string; line: number }[];
  return problems.map(({ code, file, line }) => `${file}:${line} ${code}`);
}

describe("sluice check", () => {
  it("has nothing to say about what works, endpoints that only a cluster knows included", async () => {
    await write({ "a.yaml": service("app") + route("app", "Host(`a.com`)") });
    expect(await check()).toEqual({ exitCode: 0, stdout: "No problems in 1 file, 1 route\n", stderr: "" });
    expect(await check({ json: true })).toEqual({ exitCode: 0, stdout: "[]\n", stderr: "" });
  });

  it("says once that a Service has no endpoints, however many routes lead to it", async () => {
    const unselected = `apiVersion: v1\nkind: Service\nmetadata: { name: app }\nspec: { ports: [{ port: 80 }] }\n---\n`;
    const routes = ["a", "b", "c"].map((name) => route(name, `Host(\`${name}.com\`)`)).join("");
    await write({ "a.yaml": routes + unselected });
    expect(await found()).toEqual(["a.yaml:9 service-no-endpoints"]);
    expect((await check()).stdout).toContain("fit the Pods' labels? (2 other places lead to it)");
  });

  it("prints a problem as compilers do, and counts", async () => {
    await write({ "a.yaml": service("app") + route("app", "Hots(`a.com`)") });
    expect(await check()).toEqual({
      exitCode: 1,
      stderr: "",
      stdout: [
        "error[rule-syntax]: There is no matcher Hots",
        "  --> a.yaml:12:14  IngressRoute default/app: spec.routes[0].match",
        "   |",
        "12 |     - match: Hots(`a.com`)",
        "   |              ^^^^",
        "   = hint: Did you mean Host?",
        "",
        "1 error in 1 file, 0 routes",
        "",
      ].join("\n"),
    });
  });

  it("prints every field of a problem as JSON", async () => {
    await write({ "a.yaml": service("app") + route("app", "Hots(`a.com`)") });
    expect(JSON.parse((await check({ json: true })).stdout)).toEqual([
      {
        code: "rule-syntax",
        severity: "error",
        file: "a.yaml",
        line: 12,
        column: 14,
        object: { apiVersion: "traefik.io/v1alpha1", kind: "IngressRoute", namespace: "default", name: "app" },
        field: "spec.routes[0].match",
        message: "There is no matcher Hots",
        hint: "Did you mean Host?",
      },
    ]);
  });

  it("sorts by file and line, says each thing once, and names the nearest known field", async () => {
    await write({
      "b.yaml": route("one", "Host(`one.com`)") + route("two", "Host(`two.com`)", "  tsl: {}\n"),
      "a/a.yaml": "kind: [\n",
      "c.yaml": "apiVersion: v1\nkind: Service\nmetadata: { name: x, labels: { a: 1 } }\n",
    });
    expect(await found()).toEqual([
      "a/a.yaml:1 yaml-syntax",
      "b.yaml:9 service-not-found",
      "b.yaml:19 service-not-found",
      "b.yaml:20 unknown-field",
      "c.yaml:3 invalid-field",
    ]);
    expect((await check()).stdout).toContain("Did you mean `tls`?");
  });

  it("ends with 0 for warnings and notices", async () => {
    await write({ "a.yaml": service("app") + route("app", "Host(`a.com`)", "", "[webb]") });
    expect(await found()).toEqual(["a.yaml:10 entry-point-not-found"]);
    expect(await check()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("1 notice in 1 file, 1 route"),
    });
  });

  it("holds entry points to the configuration, and the configuration to its own form", async () => {
    await write({
      "m/a.yaml": service("app") + route("app", "Host(`a.com`)", "", "[webb]"),
      "traefik.yml": "entryPoints:\n  web: { address: ':80' }\nlogg: {}\n",
    });
    expect(await found({ dir: "m", config: "traefik.yml" })).toEqual([
      "m/a.yaml:10 entry-point-not-found",
      "traefik.yml:3 unknown-field",
    ]);
    expect((await check({ dir: "m", config: "traefik.yml" })).exitCode).toBe(1);
  });

  it.each([
    ["is empty", {}, "there are no manifests in it (files are read whose names end in .yaml, .yml or .json)", ""],
    ["holds no manifest", { "README.md": "# Read me\n" }, "there are no manifests in it", ""],
    [
      "holds nothing that Sluice reads",
      { "a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\n" },
      "no object in it is of a kind that Sluice reads",
      "",
    ],
    ["holds no object", { "package.json": "{}" }, "no object in it is of a kind", "1 notice in 1 file, 0 routes\n"],
  ])(
    "ends with 2 for a folder that %s, unless that may be",
    async (_, files: Record<string, string>, reason, report) => {
      await write(files);
      const stderr = expect.stringMatching(/^error: \.: .*; --allow-empty lets that pass\n$/);
      expect(await check()).toEqual({ exitCode: 2, stdout: expect.stringContaining(report), stderr });
      expect((await check()).stderr).toContain(reason);
      expect(await check({ json: true })).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/^\[/) });
      expect(await check({ allowEmpty: true })).toMatchObject({ exitCode: 0, stderr: "" });
    },
  );

  it("ends with 1 when nothing can be read for errors", async () => {
    await write({ "a.yaml": "kind: [\n" });
    expect(await check()).toMatchObject({ exitCode: 1, stderr: "" });
  });

  it("takes a configuration among the manifests for what it is", async () => {
    await write({ "m/traefik.yml": "entryPoints:\n  web: { address: ':80' }\n" });
    expect(await found({ dir: "m", config: "m/traefik.yml" })).toEqual([]);
    expect(await found({ dir: "m" })).toEqual(["m/traefik.yml:1 not-an-object"]);
  });

  it.each([
    ["traefik.toml", '[kubernetes]\nnamespaces = ["a"]\n', "the configuration of Traefik 1.x"],
    ["values.yaml", "ports: { web: { port: 8000 } }\n", "values of Traefik's Helm chart"],
    ["args.yaml", "- --entryPoints.web.address=:80\n", "Traefik's command line"],
  ])("says of %s in which form it has settings, and what to do", async (config, text, form) => {
    await write({ "m/a.yaml": service("app"), [config]: text });
    const { exitCode, stdout } = await check({ dir: "m", config, json: true });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { message: expect.stringContaining(form), hint: expect.stringContaining("sluice import"), file: config, line: 1 },
    ]);
  });

  it.each([
    ["no such folder", { dir: "absent" }, "error: absent: there is no such folder\n"],
    ["no folder named", { dir: undefined }, "error: name the folder of manifests: sluice check DIR\n"],
    ["no such configuration in TOML", { config: "a.toml" }, expect.stringContaining("a.toml: there is no such file\n")],
    ["no such configuration", { config: "absent.yml" }, expect.stringContaining("absent.yml: there is no such file\n")],
  ])("ends with 2 for %s", async (_, options, stderr) => {
    expect(await check(options)).toEqual({ exitCode: 2, stdout: "", stderr });
  });

  it("adds nothing but colours on a terminal", async () => {
    await write({ "a.yaml": service("app") + route("app", "Hots(`a.com`)") });
    const { stdout } = await check({ colors: pc.createColors(true) });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are escape sequences.
    expect(stdout.replace(/\u001b\[\d+m/g, "")).toBe((await check()).stdout);
  });
});

describe("routes that no request reaches", () => {
  const messages = async (files: Record<string, string>, config?: string) => {
    await write({ "app.yaml": service("app"), ...files });
    const { stdout } = await check({ json: true, ...(config !== undefined && { config }) });
    return (JSON.parse(stdout) as Record<string, unknown>[]).map(({ code, file, line, message, hint }) => ({
      at: `${file}:${line} ${code}`,
      message,
      hint,
    }));
  };

  it("names what takes all of their requests, and the priority to beat", async () => {
    expect(
      await messages({
        "a.yaml": route("wide", "Host(`a.com`) && PathPrefix(`/`)"),
        "b.yaml": route("narrow", "Host(`a.com`) && Path(`/a`)"),
      }),
    ).toEqual([
      {
        at: "b.yaml:7 router-unreachable",
        message:
          "No request reaches this route: the IngressRoute `wide` at a.yaml:7 takes all of them, by the higher priority (32 to 27)",
        hint: "Give it a `priority` above 32, or remove it",
      },
    ]);
  });

  it("tells two routes with one rule apart by which comes first", async () => {
    expect(
      await messages({ "a.yaml": route("a", "Host(`a.com`)"), "b.yaml": route("b", "Host(`a.com`)") }),
    ).toMatchObject([{ at: "b.yaml:7 router-unreachable", hint: expect.stringContaining("Remove one of them") }]);
  });

  it("names a rule that contradicts itself", async () => {
    expect(await messages({ "a.yaml": route("a", "Host(`a.com`) && Host(`b.com`)") })).toEqual([
      {
        at: "a.yaml:7 router-unreachable",
        message: "No request matches this rule: it contradicts itself",
        hint: "Join what excludes each other by ||, not by &&",
      },
    ]);
  });

  it("says nothing when a request still reaches the route on one of its entry points, or over TLS", async () => {
    expect(
      await messages({
        "a.yaml": route("a", "Host(`a.com`) && PathPrefix(`/`)"),
        "b.yaml": route("b", "Host(`a.com`) && Path(`/a`)", "", "[web, websecure]"),
        "c.yaml": route("c", "Host(`a.com`) && Path(`/c`)", "  tls: {}\n"),
      }),
    ).toEqual([]);
  });

  it("counts an Ingress, whose routers for TLS and plain HTTP are one route", async () => {
    const ingress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ing
  annotations: { traefik.ingress.kubernetes.io/router.entrypoints: web }
spec:
  tls: [{ hosts: [a.com] }]
  rules:
    - host: a.com
      http:
        paths:
          - path: /a
            pathType: Prefix
            backend: { service: { name: app, port: { number: 80 } } }
`;
    const wide = "Host(`a.com`) && PathPrefix(`/`) && PathPrefix(`/`) && PathPrefix(`/`)";
    expect(await messages({ "i.yaml": ingress, "a.yaml": route("a", wide) })).toEqual([]);
    expect(
      await messages({ "i.yaml": ingress, "a.yaml": route("a", wide), "b.yaml": route("b", wide, "  tls: {}\n") }),
    ).toMatchObject([{ at: "i.yaml:12 router-unreachable", hint: expect.stringContaining("router.priority") }]);
  });

  it("looks at the routes below one by themselves, and below each of their parents", async () => {
    const below = (name: string, parents: string, match: string) => `apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: ${name} }
spec:
  parentRefs: [${parents}]
  routes:
    - match: ${match}
      services: [{ name: app, port: 80 }]
`;
    const parent = (name: string) => route(name, `Host(\`${name}.com\`)`).replace(/^ +services: .*\n/m, "");
    const all = {
      "one.yaml": parent("one"),
      "two.yaml": parent("two"),
      "wide.yaml": below("wide", "{ name: one }", "PathPrefix(`/`) && PathPrefix(`/`)"),
      "other.yaml": below("other", "{ name: two }", "Path(`/b`)"),
      "narrow.yaml": below("narrow", "{ name: one }", "Path(`/a`)"),
    };
    expect(await messages(all)).toMatchObject([
      {
        at: "narrow.yaml:7 router-unreachable",
        message: expect.stringContaining("the IngressRoute `wide` at wide.yaml:7"),
      },
    ]);
    expect(
      await messages({ ...all, "narrow.yaml": below("narrow", "{ name: one }, { name: two }", "Path(`/a`)") }),
    ).toEqual([]);

    const hostOf = (parents: string) => ({ ...all, "narrow.yaml": below("narrow", parents, "Host(`three.com`)") });
    expect(await messages(hostOf("{ name: one }, { name: two }"))).toEqual([
      {
        at: "narrow.yaml:7 router-unreachable",
        message:
          "No request reaches this route: none that comes down from the IngressRoute `one` at one.yaml:7 and the IngressRoute `two` at two.yaml:7 matches its rule",
        hint: "Only what the routes above it take comes to it: ask for a host and a path that they match as well",
      },
    ]);
    const three = { ...hostOf("{ name: one }, { name: three }"), "three.yaml": parent("three") };
    expect(await messages(three)).toEqual([]);
  });

  it("knows the redirect of an entry point", async () => {
    const config = `entryPoints:
  web:
    address: ":80"
    http: { redirections: { entryPoint: { to: websecure } } }
  websecure: { address: ":443" }
`;
    await write({ ".config/traefik.yml": config });
    expect(await messages({ "a.yaml": route("a", "Host(`a.com`)") }, ".config/traefik.yml")).toMatchObject([
      { at: "a.yaml:7 router-unreachable", message: expect.stringContaining("the redirect of the entry point `web`") },
    ]);
  });
});
