import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runImport } from "../../cli/commands/import.ts";
import { importFile } from "../../cli/import/import-file.ts";
import { readStaticConfig } from "../../sync-agent/config/static-config.ts";

/** The settings, and the problems as `line code: path`. */
function imported(content: string, file = "settings.yaml") {
  const { yaml, problems, form } = importFile(content, file);
  const said = problems.map(({ severity, location, path }) => `${location.line} ${severity} ${path.join(".")}`);
  return { settings: parse(yaml) as unknown, said, form };
}

const version1 = `logLevel = "DEBUG"
defaultEntryPoints = ["http", "https"]
insecureSkipVerify = true
debug = false

[lifeCycle]
graceTimeOut = "20s"

[entryPoints]
  [entryPoints.http]
  address = ":80"
  compress = true
    [entryPoints.http.redirect]
    entryPoint = "https"
    [entryPoints.http.auth.basic]
    users = ["test:hash"]
    [entryPoints.http.forwardedHeaders]
    trustedIPs = ["10.0.0.0/8"]
  [entryPoints.https]
  address = ":443"
  whiteListSourceRange = ["192.168.0.0/16"]
    [entryPoints.https.tls]
      [[entryPoints.https.tls.certificates]]
      certFile = "a.crt"
      keyFile = "a.key"

[kubernetes]
endpoint = "https://10.0.0.1:6443"
token = "secret"
namespaces = ["default"]
labelselector = "team=web"
disablePassHostHeaders = true

[docker]
`;

describe("the configuration of Traefik 1.x", () => {
  const { settings, said, form } = imported(version1, "traefik.toml");

  it("becomes today's, with what was one for all entry points at each", () => {
    expect(form).toBe("the configuration of Traefik 1.x");
    expect(settings).toEqual({
      entryPoints: {
        http: {
          address: ":80",
          http: { redirections: { entryPoint: { to: "https", permanent: false } } },
          forwardedHeaders: { trustedIPs: ["10.0.0.0/8"] },
          transport: { lifeCycle: { graceTimeOut: "20s" } },
          asDefault: true,
        },
        https: {
          address: ":443",
          http: { tls: {} },
          transport: { lifeCycle: { graceTimeOut: "20s" } },
          asDefault: true,
        },
      },
      log: { level: "DEBUG" },
      serversTransport: { insecureSkipVerify: true },
      providers: { kubernetesIngress: { namespaces: ["default"], labelSelector: "team=web" }, docker: {} },
    });
  });

  it("has everything without an equivalent named, where it stands", () => {
    expect(said).toEqual(
      expect.arrayContaining([
        "4 warning debug",
        "12 warning entryPoints.http.compress",
        "15 warning entryPoints.http.auth.basic",
        "21 warning entryPoints.https.whitelistsourcerange",
        "23 warning entryPoints.https.tls.certificates",
        "28 warning kubernetes.endpoint",
        "29 warning kubernetes.token",
        "32 warning kubernetes.disablePassHostHeaders",
        "34 warning providers.docker",
      ]),
    );
  });
});

describe("the command line", () => {
  const settings = {
    entryPoints: { web: { address: ":8000/tcp" }, dns: { address: ":53/udp" } },
    providers: { kubernetesCRD: { allowCrossNamespace: true, namespaces: ["a", "b"] }, kubernetesIngress: true },
  };
  const flags = [
    "--entrypoints.web.address=:8000/tcp",
    "--entryPoints.dns.address=:53/udp",
    "--providers.kubernetescrd.allowCrossNamespace=true",
    "--providers.kubernetescrd.namespaces[0]=a",
    "--providers.kubernetescrd.namespaces[1]=b",
    "--providers.kubernetesingress",
  ];
  it.each([
    [
      "of a Deployment",
      `kind: Deployment\nspec: { template: { spec: { containers: [{ args: ${JSON.stringify(flags)} }] } } }\n`,
    ],
    [
      "of a list of objects",
      `items: [{ spec: { template: { spec: { containers: [{ args: ${JSON.stringify(flags)} }] } } } }]\n`,
    ],
    ["of a Compose file", `services: { traefik: { command: ${JSON.stringify(flags)} } }\n`],
    ["of a Compose file, as one text", `services:\n  traefik:\n    command: ${flags.join(" ")}\n`],
    ["in a script", `traefik \\\n  ${flags.join(" \\\n  ")}\n`],
    ["as a list", flags.map((flag) => `- "${flag}"\n`).join("")],
  ])("%s becomes the configuration that it says", (_, content) => {
    expect(imported(content)).toMatchObject({ settings, form: "Traefik's command line" });
  });

  it("turns parts on by `true` and by nothing, as Traefik takes them, and off by `false`", () => {
    const flags = [
      "--providers.kubernetescrd",
      "--providers.kubernetesingress=true",
      "--providers.kubernetesgateway=false",
      "--entrypoints.websecure.address=:443",
      "--entrypoints.websecure.http.tls=true",
      "--accesslog.format=json",
      "--accesslog=true",
    ];
    const { yaml, problems } = importFile(flags.join("\n"), "flags.txt");
    expect(problems).toEqual([]);
    const { settings, problems: left } = readStaticConfig(yaml, "static.yaml");
    expect(left).toEqual([]);
    expect(settings).toMatchObject({ entryPoints: { websecure: { tls: true } }, accessLog: { format: "json" } });
  });

  it("has a mistake named where it stands", () => {
    const { said } = imported("- --entrypoints.web.address=:80\n- --entrypoints.web.adress=:81\n");
    expect(said).toEqual(["2 warning entryPoints.web.adress"]);
  });
});

describe("the chart's values", () => {
  it("name plugins and resolvers of certificates, but not what nobody has set", () => {
    const { said } = imported(`ports:
  web: { port: 80, tls: { enabled: false, certResolver: le } }
  websecure: { port: 443, tls: { enabled: true, options: "", certResolver: "", domains: [] } }
  other: { port: 444, tls: { enabled: true, certResolver: le } }
providers: { kubernetesCRD: { enabled: true, ingressClass: "", namespaces: [], labelSelector: null } }
experimental: { plugins: { geoblock: { moduleName: example.com/geoblock } } }
`);
    expect(said).toEqual(["4 notice entryPoints.other.http.tls.certResolver", "6 warning experimental"]);
  });

  it("add to the chart's own entry points, which null takes away", () => {
    const mongo = "mongo: { port: 27017, protocol: TCP }";
    expect(imported(`ports: { ${mongo} }\n`).settings).toEqual({
      entryPoints: {
        web: { address: ":80" },
        websecure: { address: ":443", http: { tls: {} } },
        mongo: { address: ":27017" },
      },
    });
    expect(imported(`ports: { web: null, websecure: ~, ${mongo} }\n`).settings).toEqual({
      entryPoints: { mongo: { address: ":27017" } },
    });
  });

  it("become entry points at the ports that clients use", () => {
    const { settings, said, form } = imported(`ports:
  web: { redirectTo: { port: websecure } }
  websecure: { port: 8443, exposedPort: 443, tls: { enabled: true } }
  mongo: { expose: true, port: 27017, nodePort: 31117, protocol: TCP }
  udpep: { port: 31888, protocol: UDP, forwardedHeaders: { insecure: true } }
  nothing: { expose: true }
providers:
  kubernetesCRD: { enabled: true, allowCrossNamespace: true, ingressClass: "", namespaces: [] }
  kubernetesIngress: { enabled: false }
additionalArguments: ["--entryPoints.extra.address=:9999"]
`);
    expect(form).toBe("values of Traefik's Helm chart");
    expect(settings).toEqual({
      entryPoints: {
        web: { address: ":80", http: { redirections: { entryPoint: { to: "websecure" } } } },
        websecure: { address: ":443", http: { tls: {} } },
        mongo: { address: ":27017" },
        udpep: { address: ":31888/udp", forwardedHeaders: { insecure: true } },
        extra: { address: ":9999" },
      },
      providers: { kubernetesCRD: { allowCrossNamespace: true } },
    });
    expect(said).toEqual(expect.arrayContaining(["4 notice ports.mongo", "6 error ports.nothing"]));
  });
});

describe("today's static configuration", () => {
  it("stays as it is, in the usual words", () => {
    const { settings, form, said } = imported("entrypoints: { web: { ADDRESS: ':80' } }\n");
    expect({ settings, said }).toEqual({ settings: { entryPoints: { web: { address: ":80" } } }, said: [] });
    expect(form).toBe("Traefik's static configuration");
  });

  it("is what every other form becomes: read again, it says the same", () => {
    const { yaml } = importFile(version1, "traefik.toml");
    const { settings } = readStaticConfig(yaml, "traefik.yaml");
    expect(settings.entryPoints).toEqual({
      http: {
        port: 80,
        asDefault: true,
        forwardedHeaders: { trustedIps: ["10.0.0.0/8"] },
        redirect: { to: "https", scheme: "https", permanent: false },
      },
      https: { port: 443, asDefault: true, tls: true },
    });
  });
});

describe("the command", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "sluice-import-"));
    await writeFile(join(dir, "good.yaml"), "- --entryPoints.web.address=:80\n");
    await writeFile(join(dir, "bad.yaml"), "entryPoints: { web: { address: nowhere } }\n");
    await writeFile(join(dir, "broken.toml"), "a = \n");
    await writeFile(join(dir, "utf16.yaml"), Buffer.from("\ufeff- --entryPoints.web.address=:80\r\n", "utf16le"));
    await writeFile(join(dir, "binary.yaml"), Buffer.from("a\0\0\0"));
  });
  afterAll(() => rm(dir, { recursive: true }));

  it("prints the configuration alone where a program reads it, and the rest where a person does", async () => {
    expect(await runImport({ file: "good.yaml", cwd: dir })).toEqual({
      exitCode: 0,
      stdout: "entryPoints:\n  web:\n    address: :80\n",
      stderr: "good.yaml: Traefik's command line\n",
    });
  });

  it.each([
    ["bad.yaml", 1, "bad.yaml:1:32"],
    ["broken.toml", 2, "broken.toml:2:1: "],
    ["absent.yaml", 2, "absent.yaml"],
    ["binary.yaml", 2, "binary.yaml: it is not text"],
    ["utf16.yaml", 0, "utf16.yaml: Traefik's command line"],
    [undefined, 2, "name the file"],
  ])("%s ends with its code and its place", async (file, exitCode, stderr) => {
    const outcome = await runImport({ file, cwd: dir });
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.stderr).toContain(stderr);
  });
});
