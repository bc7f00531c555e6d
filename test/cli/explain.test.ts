import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pc from "picocolors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExplainOptions, runExplain } from "../../cli/commands/explain.ts";
import { readHeaders, readUrl, repeated } from "../../cli/commands/request-options.ts";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "sluice-explain-"));
  await writeFile(join(cwd, "a.yaml"), manifests);
  await writeFile(join(cwd, "traefik.yml"), "entryPoints:\n  main: { address: ':8080' }\n  web: { address: ':80' }\n");
});
afterAll(() => rm(cwd, { recursive: true }));

const service = (name: string) => `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 80 }] }
`;

const manifests = `apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: app }
spec:
  entryPoints: [web]
  routes:
    - match: Host(\`a.com\`) && PathPrefix(\`/api\`)
      services: [{ name: wrr, kind: TraefikService }]
      middlewares: [{ name: strip }, { name: mark }]
    - match: Host(\`a.com\`) && PathPrefix(\`/api\`) && Method(\`POST\`)
      services: [{ name: v1, port: 80 }]
    - match: Host(\`a.com\`)
      services: [{ name: mirror, kind: TraefikService }]
    - match: Host(\`closed.com\`)
      services: [{ name: v1, port: 80 }]
      middlewares: [{ name: absent }]
    - match: Host(\`old.com\`)
      services: [{ name: v1, port: 80 }]
      middlewares: [{ name: move }]
    - match: Host(\`down.com\`)
      services: [{ name: absent, port: 80 }]
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: secure }
spec:
  entryPoints: [websecure]
  routes:
    - match: Host(\`secure.com\`) && Path(\`/x\`)
      services: [{ name: v1, port: 80 }]
  tls: {}
---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: { name: wrr }
spec:
  weighted:
    sticky: { cookie: { name: who } }
    services:
      - { name: v1, port: 80, weight: 3 }
      - { name: mirror, kind: TraefikService, weight: 1 }
---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: { name: mirror }
spec:
  mirroring:
    name: v1
    port: 80
    mirrors: [{ name: v2, port: 80, percent: 10 }]
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: strip }
spec: { stripPrefix: { prefixes: [/api] } }
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: mark }
spec: { headers: { customRequestHeaders: { X-Mark: "1", X-Gone: "" }, customResponseHeaders: { X-Back: b } } }
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: move }
spec: { redirectScheme: { scheme: https, permanent: true } }
${service("v1")}${service("v2")}---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: v1-a, labels: { kubernetes.io/service-name: v1 } }
addressType: IPv4
ports: [{ port: 8080 }]
endpoints:
  - addresses: [10.0.0.1]
  - addresses: [10.0.0.2]
    conditions: { ready: false, serving: true, terminating: true }
`;

const run = (url: string | undefined, options: Partial<ExplainOptions> = {}) =>
  runExplain({ dir: "a.yaml", url, cwd, ...options });

const explain = async (url: string, options: Partial<ExplainOptions> = {}) =>
  JSON.parse((await run(url, { ...options, json: true })).stdout);

describe("sluice explain", () => {
  it("tells everything about a request in one page", async () => {
    const { exitCode, stdout, stderr } = await run("http://a.com/api/x?k=1", { headers: ["X-Gone: y"] });
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout.replace(/[0-9a-f]{20}/g, "HASH").replace(/-[0-9a-f]{8}@/g, "-HASH@")).toBe(`\
GET http://a.com/api/x?k=1
  entry point  web (plain HTTP)
  host         a.com
  path         /api/x

Router default-app-HASH@kubernetescrd
    --> a.yaml:7:14  IngressRoute default/app
  rule      Host(\`a.com\`) && PathPrefix(\`/api\`)
            ✓ Host(\`a.com\`)       the host is a.com
            ✓ PathPrefix(\`/api\`)  the path is /api/x
  priority  35

Middlewares
  1. default-strip@kubernetescrd  stripPrefix
     path /api/x?k=1 becomes /x?k=1
     sets x-forwarded-prefix: /api
  2. default-mark@kubernetescrd  headers
     sets x-mark: 1
     removes x-gone
     the answer gets x-back: b

Service
  100 %  default-wrr@kubernetescrd  weighted
    sticky by the cookie who, which the request does not send
    75 % (weight 3)  default-v1-80@kubernetescrd  loadBalancer
      endpoints default-v1-80: 10.0.0.1:8080 ready, 10.0.0.2:8080 terminating
    25 % (weight 1)  default-mirror@kubernetescrd  mirroring
      main 25 %  default-v1-80@kubernetescrd  loadBalancer
        endpoints default-v1-80: 10.0.0.1:8080 ready, 10.0.0.2:8080 terminating
      mirror 2.5 %  default-v2-80@kubernetescrd  loadBalancer
        endpoints default-v2-80: the manifests do not say, the cluster finds them by the selector

Came close, and did not answer
  Host(\`a.com\`)
    --> a.yaml:12:14  IngressRoute default/app
    matches, but its priority is 13, below 35
  Host(\`a.com\`) && PathPrefix(\`/api\`) && Method(\`POST\`)
    --> a.yaml:10:14  IngressRoute default/app
    ✗ Method(\`POST\`)  the method is GET
`);
  });

  it("adds nothing but colours on a terminal", async () => {
    const { stdout } = await run("http://a.com/api/x", { colors: pc.createColors(true) });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are escape sequences.
    expect(stdout.replace(/\u001b\[\d+m/g, "")).toBe((await run("http://a.com/api/x")).stdout);
  });

  it("takes method, headers and Host as curl does", async () => {
    const posted = await explain("http://a.com/api/x", { method: "POST" });
    expect(posted.router).toMatchObject({ rule: expect.stringContaining("POST"), file: "a.yaml", line: 10 });
    const renamed = await explain("http://127.0.0.1/api/x", { headers: ["Host: a.com:80"] });
    expect(renamed.request.host).toBe("a.com:80");
    expect(renamed.router).toMatchObject({ line: 7 });
  });

  it.each([
    ["https://a.com/", { entryPoint: "websecure", tls: true }],
    ["http://a.com:8787/", { entryPoint: "web", tls: false }],
    ["https://a.com:8788/", { entryPoint: "websecure", tls: true }],
    ["a.com", { entryPoint: "web", tls: false }],
  ])("finds the entry point of %s by port, also by that of sluice dev", async (url, request) => {
    expect((await explain(url)).request).toMatchObject(request);
  });

  it("finds entry points in the configuration, or takes the one that is named", async () => {
    const configured = { config: "traefik.yml" };
    expect((await explain("http://a.com:8080/", configured)).request.entryPoint).toBe("main");
    expect((await explain("http://a.com/", { ...configured, entryPoint: "main" })).request.entryPoint).toBe("main");
  });

  it("sends a sticky client where its cookie leads, and another by the odds", async () => {
    const odds = async (cookie: string) => {
      const { service } = await explain("http://a.com/api/", { headers: [`Cookie: x=1; who=${cookie}`] });
      return [service.sticky.leadsTo, service.children.map(({ percent }: { percent: number }) => percent)];
    };
    expect(await odds("default-v1-80")).toEqual(["default-v1-80@kubernetescrd", [100, 0]]);
    expect(await odds("nobody")).toEqual([undefined, [75, 25]]);
  });

  it("says by which problem a route is closed", async () => {
    const { answer, router, problems, service } = await explain("http://closed.com/");
    expect(answer).toEqual({ status: 503, reason: expect.stringContaining("closed (middleware-not-found)") });
    expect(router.closedBy).toBe("middleware-not-found");
    expect(problems).toMatchObject([{ code: "middleware-not-found", file: "a.yaml", line: 16 }]);
    expect(service).toBeNull();
  });

  it("says where a redirect leads", async () => {
    const { answer, middlewares, service } = await explain("http://old.com/x");
    expect(answer).toEqual({ status: 301, reason: expect.stringContaining("to https://old.com/x") });
    expect(middlewares).toMatchObject([{ answers: { status: 301, location: "https://old.com/x" } }]);
    expect(service).toBeNull();
  });

  it("says whom a middleware asks, and goes on as if that let the request pass", async () => {
    const { answer, middlewares } = await explain("http://filters.example.com/account", {
      cwd: ".",
      dir: "examples/gateway-api-filters",
    });
    expect(answer).toBeNull();
    expect(middlewares).toMatchObject([
      { does: ["asks default-login-80@kubernetesgateway; here it lets the request pass"] },
    ]);
  });

  it("says that nobody can serve, and what is wrong", async () => {
    const { answer, problems } = await explain("http://down.com/");
    expect(answer.status).toBe(503);
    expect(problems).toMatchObject([{ code: "service-not-found", line: 21 }]);
  });
});

describe("requests without a route", () => {
  it.each([
    ["http://nobody.com/", 404, "no route on web (plain HTTP) takes the host nobody.com"],
    ["http://closd.com/", 404, expect.stringMatching(/takes the host closd\.com; did you mean closed\.com\?$/)],
    ["https://secure.com/y", 404, "the host secure.com is known, but none of its routes takes /y"],
    [
      "http://secure.com/x",
      404,
      "a route matches, but it stands on websecure (TLS), and the request came to web (plain HTTP)",
    ],
    [
      "http://secure.com/y",
      404,
      "the host secure.com is known on websecure (TLS) only, and the request came to web (plain HTTP)",
    ],
    ["http://a.com:99/", 404, expect.stringContaining("no entry point takes the port of http://a.com:99/")],
    ["http://a.com/%zz", 400, expect.stringContaining("malformed")],
  ])("%s gets %i", async (url, status, reason) => {
    expect(await explain(url)).toMatchObject({ answer: { status, reason }, router: null });
  });

  it("says which matcher failed with what", async () => {
    const { stdout } = await run("https://secure.com/y");
    expect(stdout).toContain("    ✗ Path(`/x`)  the path is /y\n");
    expect(stdout).not.toContain("Host(`secure.com`)  the host");
  });
});

describe("arguments that cannot be used", () => {
  it.each<[string, string | undefined, Partial<ExplainOptions>, string]>([
    ["no URL", undefined, {}, "name the folder of manifests and a URL: sluice explain DIR URL"],
    ["another scheme", "ftp://a.com/", {}, "ftp://a.com/ is not a URL such as https://app.example.com/api"],
    ["no such folder", "http://a.com/", { dir: "absent" }, "absent: there is no such folder"],
    ["a header without a name", "http://a.com/", { headers: [": x"] }, '-H ": x" must have the form -H "name: value"'],
    ["a client without an address", "http://a.com/", { client: "me" }, "--client me is not an IP address"],
    ["a method that is none", "http://a.com/", { method: "A B" }, "A B is not a method that can be sent"],
    [
      "an unknown entry point",
      "http://a.com/",
      { entryPoint: "wbe" },
      "there is no entry point wbe (there are web, websecure)",
    ],
  ])("%s", async (_, url, options, message) => {
    expect(await run(url, options)).toEqual({ exitCode: 2, stdout: "", stderr: `error: ${message}\n` });
  });

  it("reads every form in which a header can be given", () => {
    expect(repeated(["-H", "a: 1", "-Hb: 2", "--header", "c: 3", "--header=d: 4", "x"], ["-H", "--header"])).toEqual([
      "a: 1",
      "b: 2",
      "c: 3",
      "d: 4",
    ]);
    expect(readHeaders(["X-A:  v:w "])).toEqual([["X-A", "v:w"]]);
  });

  it("keeps the path as it was typed", () => {
    expect(readUrl("HTTP://u:p@A.com/a/../%2e//b?q#f")).toBe("http://A.com/a/../%2e//b?q");
    expect(readUrl("a.com:8787")).toBe("http://a.com:8787");
  });
});
