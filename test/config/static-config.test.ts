import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadStaticConfig, readStaticConfig } from "../../sync-agent/config/static-config.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";

const read = (yaml: string) => readStaticConfig(yaml, "traefik.yaml");

describe("what the file says", () => {
  it("reads entry points with everything that the translation depends on", () => {
    const { settings, listen, problems } = read(`
entryPoints:
  web:
    address: ":80"
    http:
      redirections:
        entryPoint: { to: websecure, permanent: false, priority: 10 }
  websecure:
    address: "127.0.0.1:8443/tcp"
    asDefault: true
    http:
      tls: {}
      middlewares: [default-headers@kubernetescrd]
    forwardedHeaders:
      trustedIPs: 10.0.0.0/8, 192.0.2.1
  six:
    address: "[::1]:9000"
    forwardedHeaders: { insecure: "true" }
`);
    expect(problems).toEqual([]);
    expect(listen).toEqual({
      web: { host: "", port: 80 },
      websecure: { host: "127.0.0.1", port: 8443 },
      six: { host: "::1", port: 9000 },
    });
    expect(settings.entryPoints).toEqual({
      web: { port: 80, redirect: { to: "websecure", scheme: "https", permanent: false, priority: 10 } },
      websecure: {
        port: 8443,
        asDefault: true,
        tls: true,
        middlewares: ["default-headers@kubernetescrd"],
        forwardedHeaders: { trustedIps: ["10.0.0.0/8", "192.0.2.1"] },
      },
      six: { port: 9000, forwardedHeaders: { insecure: true } },
    });
  });

  it("reads what only the relay needs, HTTP entry points included", () => {
    const { settings, listen, problems } = read(`
entryPoints:
  web: { address: ":80" }
  mongo:
    address: "10.0.0.1:27017/tcp"
    asDefault: true
    proxyProtocol: { insecure: false, trustedIPs: [10.0.0.0/8] }
    reusePort: true
    transport: { lifeCycle: { requestAcceptGraceTimeout: 2s, graceTimeOut: 1m } }
  dns: { address: ":53/udp" }
  game: { address: "[::1]:27015/udp", asDefault: true, udp: { timeout: 1m30s } }
`);
    expect(problems).toEqual([]);
    expect(settings.relayEntryPoints).toEqual({
      web: { protocol: "tcp", host: "", port: 80 },
      mongo: {
        protocol: "tcp",
        host: "10.0.0.1",
        port: 27017,
        asDefault: true,
        proxyProtocol: { insecure: false, trustedIps: ["10.0.0.0/8"] },
        requestAcceptGraceMs: 2000,
        graceMs: 60_000,
      },
      dns: { protocol: "udp", host: "", port: 53 },
      game: { protocol: "udp", host: "::1", port: 27015, udpTimeoutMs: 90_000 },
    });
    expect(settings.entryPoints).toEqual({ web: { port: 80 }, mongo: { port: 27017, asDefault: true } });
    expect(Object.keys(listen)).toEqual(["web", "mongo"]);
  });

  it("reads the providers", () => {
    const { settings, problems } = read(`
providers:
  kubernetesCRD:
    ingressClass: internal
    labelSelector: "team in (a, b)"
    namespaces: [a, b]
    allowCrossNamespace: true
    allowExternalNameServices: true
    allowEmptyServices: false
  kubernetesIngress: { ingressClass: other }
  kubernetesGateway:
`);
    expect(problems).toEqual([]);
    expect(settings.crd).toEqual({
      ingressClass: "internal",
      labelSelector: "team in (a, b)",
      namespaces: ["a", "b"],
      allowCrossNamespace: true,
      allowExternalNameServices: true,
      allowEmptyServices: false,
    });
    expect(settings.ingress).toEqual({ ...defaultSettings().ingress, ingressClass: "other" });
  });

  it("compares keys without case, and keeps the case of names", () => {
    const { listen, settings, problems } = read(`
ENTRYPOINTS:
  myWeb: { Address: ":81", AsDefault: true }
Providers: { kubernetescrd: { allowcrossnamespace: true } }
`);
    expect(problems).toEqual([]);
    expect(listen).toEqual({ myWeb: { host: "", port: 81 } });
    expect(settings.entryPoints.myWeb).toEqual({ port: 81, asDefault: true });
    expect(settings.crd.allowCrossNamespace).toBe(true);
  });

  it("follows anchors", () => {
    const { listen } = read(`
entryPoints:
  a: &shared { address: ":81" }
  b: *shared
`);
    expect(listen).toEqual({ a: { host: "", port: 81 }, b: { host: "", port: 81 } });
  });

  it.each(["", "# nothing", "entryPoints:\n", "global: { checkNewVersion: false }"])("has defaults for %j", (yaml) => {
    expect(read(yaml)).toEqual({ settings: defaultSettings(), listen: {}, problems: [] });
  });
});

describe("what a burst of changes waits for", () => {
  it.each([
    ["nothing, where the file does not say", "providers: {kubernetesCRD: {}}", undefined],
    ["all providers together", "providers: {providersThrottleDuration: 500ms}", 500],
    ["one that waits longer than all together", "providers: {kubernetesIngress: {throttleDuration: 10s}}", 10_000],
    ["Traefik's 2 s, where one waits for less", "providers: {kubernetesGateway: {throttleDuration: 1s}}", 2_000],
    [
      "the longest",
      "providers: {providersThrottleDuration: 0, kubernetesCRD: {throttleDuration: 3s}, kubernetesIngress: {throttleDuration: 1s}}",
      3_000,
    ],
  ])("is that of %s", (_, content, throttleMs) => {
    expect(readStaticConfig(content, "traefik.yaml")).toMatchObject({ problems: [], throttleMs });
  });
});

describe("what is wrong with the file", () => {
  it.each([
    ["unknown key", "entrypoint:\n", "unknown-field", 1, 1, /Did you mean `entryPoints`/],
    ["unknown nested key", "entryPoints:\n  web:\n    adress: :80\n", "unknown-field", 3, 5, /Did you mean `address`/],
    ["known, not done", "hostResolver:\n  cnameFlattening: true\n", "unsupported-field", 2, 3, undefined],
    ["another provider", "providers:\n  docker: {}\n", "unsupported-field", 2, 11, /kubernetesCRD/],
    ["bad protocol", "entryPoints:\n  dns: { address: ':53/sctp' }\n", "invalid-field", 2, 19, undefined],
    [
      "bad timeout",
      "entryPoints:\n  dns: { address: ':53/udp', udp: { timeout: 0s } }\n",
      "invalid-field",
      2,
      46,
      undefined,
    ],
    [
      "bad grace",
      "entryPoints:\n  a: { address: ':1', transport: { lifeCycle: { graceTimeOut: soon } } }\n",
      "invalid-field",
      2,
      63,
      undefined,
    ],
    [
      "bad PROXY peer",
      "entryPoints:\n  a: { address: ':1', proxyProtocol: { trustedIPs: [lb] } }\n",
      "invalid-field",
      2,
      52,
      undefined,
    ],
    ["no address", "entryPoints:\n  web: {}\n", "invalid-field", 2, 8, /:80/],
    ["bad boolean", "providers: { kubernetesCRD: { allowCrossNamespace: 3 } }", "invalid-field", 1, 52, undefined],
    ["not a map", "providers: [kubernetesCRD]", "invalid-field", 1, 12, undefined],
    [
      "bad address block",
      "entryPoints:\n  web:\n    address: :80\n    forwardedHeaders:\n      trustedIPs: [10.0.0.0/40]\n",
      "invalid-field",
      5,
      19,
      undefined,
    ],
    [
      "redirect to nowhere",
      "entryPoints:\n  web: { address: ':80', http: { redirections: { entryPoint: { to: websecur } } } }\n  websecure: { address: ':443' }\n",
      "invalid-field",
      2,
      68,
      /`websecure`/,
    ],
  ])("%s", (_, yaml, code, line, column, hint) => {
    const { problems } = read(yaml);
    expect(problems).toContainEqual(expect.objectContaining({ code }));
    const problem = problems.find((one) => one.code === code);
    expect(problem?.location).toMatchObject({ file: "traefik.yaml", line, column, text: yaml.split("\n")[line - 1] });
    if (hint) expect(problem?.hint).toMatch(hint);
  });

  it("leaves out the entry point with a bad address and keeps the others", () => {
    const { listen, problems } = read("entryPoints:\n  bad: { address: '80' }\n  good: { address: ':81' }\n");
    expect(listen).toEqual({ good: { host: "", port: 81 } });
    expect(problems.map(({ code, location }) => [code, location.line])).toEqual([
      ["invalid-field", 2],
      ["invalid-field", 2],
    ]);
  });

  it("throws for what is not YAML, with the place", () => {
    expect(() => read("entryPoints:\n  web: [\n")).toThrow(/^traefik\.yaml:\d+:\d+: /);
  });
});

describe("the file itself", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-config-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is read from disk", async () => {
    const file = join(folder, "traefik.yaml");
    await writeFile(file, "entryPoints: { web: { address: ':8000' } }");
    expect((await loadStaticConfig(file)).listen).toEqual({ web: { host: "", port: 8000 } });
  });

  it("is read in UTF-16, as PowerShell writes what a program prints", async () => {
    const file = join(folder, "utf16.yaml");
    await writeFile(file, Buffer.from("\ufeffentryPoints:\r\n  web:\r\n    address: ':8000'\r\n", "utf16le"));
    expect((await loadStaticConfig(file)).listen).toEqual({ web: { host: "", port: 8000 } });
  });

  it.each([
    ["absent.toml", /absent\.toml: there is no such file$/],
    ["absent.yaml", /absent\.yaml: there is no such file$/],
    ["binary.yaml", /binary\.yaml: it is not text$/],
    [".", /: it is a folder, not a file$/],
  ])("%s gives one clear line", async (name, message) => {
    await writeFile(join(folder, "binary.yaml"), Buffer.from("a\0\0\0"));
    await expect(loadStaticConfig(join(folder, name))).rejects.toThrow(message);
  });
});
