import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExplainOptions, runExplain } from "../../cli/commands/explain.ts";
import { backends, tcpRoute, udpRoute } from "../translate/traefik/stream-text.ts";
import { traefik } from "../translate/translate-text.ts";

const to = (name: string): string => `services: [{ name: ${name}, port: 80 }]`;
const manifests = [
  tcpRoute(
    `{ match: "HostSNI(\`a.com\`)", services: [{ name: a, port: 80, weight: 3 }, { name: b, port: 80 }] }
  - { match: "HostSNI(\`*.com\`) && ALPN(\`h2\`)", ${to("b")} }
  - { match: "HostSNI(\`lan.com\`)", ${to("a")}, middlewares: [{ name: lan }, { name: few }] }
  - { match: "HostSNI(\`shut.com\`)", ${to("a")}, middlewares: [{ name: absent }] }
  - { match: "HostSNI(\`gone.com\`)", ${to("absent")} }`,
    "tls: { passthrough: true }",
    "named",
  ),
  tcpRoute(`{ match: "ClientIP(\`10.0.0.0/8\`)", ${to("a")} }`, "", "plain"),
  udpRoute("[{ services: [{ name: resolver, port: 53 }] }]"),
  traefik("MiddlewareTCP", "lan", "ipAllowList: { sourceRange: [10.0.0.0/8] }"),
  traefik("MiddlewareTCP", "few", "inFlightConn: { amount: 2 }"),
  backends("TCP", 80, "a", "b"),
  backends("UDP", 53, "resolver"),
].join("");

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "sluice-explain-connection-"));
  await writeFile(join(cwd, "a.yaml"), manifests);
  await writeFile(
    join(cwd, "traefik.yml"),
    "entryPoints:\n  mongo: { address: ':27017' }\n  dns: { address: ':53/udp' }\n",
  );
});
afterAll(() => rm(cwd, { recursive: true }));

const explain = (url: string, more: Partial<ExplainOptions> = {}) =>
  runExplain({ dir: "a.yaml", url, config: "traefik.yml", cwd, ...more });

async function explained(url: string, more: Partial<ExplainOptions> = {}) {
  const { stdout, exitCode, stderr } = await explain(url, { json: true, ...more });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout) as {
    entryPoint?: string;
    winner?: { ruleText?: string; name: string };
    targets: { endpoints: string; percent: number }[];
    guards: string[];
    closedBecause?: string;
  };
}

describe("sluice explain, of connections and datagrams", () => {
  it.each([
    ["tls://a.com:27017", {}, "HostSNI(`a.com`)", ["75 default-a-80", "25 default-b-80"]],
    ["TLS://A.com:27017/", {}, "HostSNI(`a.com`)", ["75 default-a-80", "25 default-b-80"]],
    ["tls://x.com:27017", { alpn: ["h2"] }, "HostSNI(`*.com`) && ALPN(`h2`)", ["100 default-b-80"]],
    ["tcp://a.com:27017", { client: "10.1.2.3" }, "ClientIP(`10.0.0.0/8`)", ["100 default-a-80"]],
    ["tcp://[::1]:27017", { client: "10.1.2.3" }, "ClientIP(`10.0.0.0/8`)", ["100 default-a-80"]],
    ["tcp://x:1", { client: "10.1.2.3", entryPoint: "mongo" }, "ClientIP(`10.0.0.0/8`)", ["100 default-a-80"]],
    ["udp://x:53", {}, undefined, ["100 default-resolver-53-udp"]],
    ["tls://lan.com:27017", { client: "10.0.0.1" }, "HostSNI(`lan.com`)", ["100 default-a-80"]],
  ])("%s %o is taken by %s", async (url, more, rule, targets) => {
    const { winner, closedBecause, targets: found } = await explained(url, more);
    expect({ rule: winner?.ruleText, closedBecause }).toEqual({ rule, closedBecause: undefined });
    expect(found.map(({ endpoints, percent }) => `${percent} ${endpoints}`)).toEqual(targets);
  });

  it.each([
    ["tls://x.com:27017", {}, "no route on mongo takes it"],
    ["tcp://a.com:27017", {}, "no route on mongo takes it"],
    ["tcp://a.com:53", {}, "no entry point takes TCP on port 53"],
    ["udp://a.com:27017", {}, "no entry point takes UDP on port 27017"],
    ["tls://lan.com:27017", {}, "default-lan@kubernetescrd does not let 127.0.0.1 in"],
    ["tls://shut.com:27017", {}, "the route is closed: middleware-not-found"],
    ["tls://gone.com:27017", {}, "no endpoint can take it"],
  ])("%s %o is not sent on: %s", async (url, more, because) => {
    expect((await explained(url, more)).closedBecause).toBe(because);
  });

  it("is readable", async () => {
    const { stdout } = await explain("tls://lan.com:27017", { client: "10.0.0.1", alpn: ["h2"] });
    expect(stdout).toBe(`tls://lan.com:27017
  entry point  mongo
  client       10.0.0.1

Router default-named-f522cb8f065c83d83be3@kubernetescrd
    --> a.yaml:9:16  IngressRouteTCP default/named
  rule      HostSNI(\`*.com\`) && ALPN(\`h2\`)
  priority  30
  TLS       is passed through to the Pod

Service
  100 %  default-b-80
    10.0.0.2:80

Others on the entry point
  ClientIP(\`10.0.0.0/8\`)
    --> a.yaml:21:16  IngressRouteTCP default/plain
    takes connections without TLS
  HostSNI(\`shut.com\`)
    --> a.yaml:11:16  IngressRouteTCP default/named
    its rule does not match
  HostSNI(\`gone.com\`)
    --> a.yaml:12:16  IngressRouteTCP default/named
    its rule does not match
  HostSNI(\`lan.com\`)
    --> a.yaml:10:16  IngressRouteTCP default/named
    matches, but default-named-f522cb8f065c83d83be3@kubernetescrd comes first
  HostSNI(\`a.com\`)
    --> a.yaml:8:16  IngressRouteTCP default/named
    its rule does not match
`);
  });

  it.each([
    ["tcp://a.com", /names no port/],
    ["tls://a.com:0", /names no port/],
    ["udp://a.com:65536", /names no port/],
    ["tcp://a.com:1/x", /names no port/],
  ])("refuses %s", async (url, message) => {
    expect(await explain(url)).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(message) });
  });

  it("refuses an entry point that does not exist", async () => {
    expect(await explain("tcp://a:1", { entryPoint: "x" })).toMatchObject({
      exitCode: 2,
      stderr: "error: there is no entry point x (there are dns, mongo)\n",
    });
  });
});
