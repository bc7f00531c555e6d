import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { routeManifest, serviceManifest } from "../e2e/backend.ts";
import { type Running, runManifests } from "../e2e/run-manifests.ts";
import { sendRaw } from "./raw-client.ts";
import { type RawOrigin, startRawOrigin } from "./raw-origin.ts";

const config = `
entryPoints:
  web: { address: ":80" }
  elsewhere: { address: ":81", forwardedHeaders: { trustedIPs: [10.0.0.0/8, "::1/128"] } }
  trusted: { address: ":82", forwardedHeaders: { trustedIPs: [127.0.0.0/8] } }
  insecure: { address: ":83", forwardedHeaders: { insecure: true } }
providers: { kubernetesCRD: {} }
`;
const everywhere = "entryPoints: [web, elsewhere, trusted, insecure]";
const route = (...args: Parameters<typeof routeManifest>) =>
  routeManifest(...args).replace("entryPoints: [web]", everywhere);
const user = `---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: user }
spec: { headers: { customRequestHeaders: { X-User: sluice, X-Secret: "" } } }
`;

let origin: RawOrigin;
let insider: RawOrigin;
let configDir: string;
let running: Running;

beforeAll(async () => {
  [origin, insider] = await Promise.all([startRawOrigin(), startRawOrigin()]);
  configDir = await mkdtemp(join(tmpdir(), "sluice-config-"));
  await writeFile(join(configDir, "traefik.yaml"), config);
  running = await runManifests(
    [
      serviceManifest("pod", [origin.port]),
      serviceManifest("insider", [insider.port]),
      route("all", "PathPrefix(`/`)", ["{ name: pod, port: 80 }"], "      middlewares: [{ name: user }]\n"),
      route("inside", "PathPrefix(`/`) && ClientIP(`6.6.6.6`)", ["{ name: insider, port: 80 }"]),
      user,
    ].join(""),
    { config: join(configDir, "traefik.yaml") },
  );
});

afterAll(async () => {
  await running?.close();
  await Promise.all([origin?.close(), insider?.close(), rm(configDir, { recursive: true })]);
});

/** The header lines that the origin gets of a request, by name. */
async function originGets(entryPoint: string, lines: readonly string[]): Promise<Record<string, string[]>> {
  const port = Number(new URL(running.url(entryPoint)).port);
  const before = origin.seen.length;
  const answers = await sendRaw(port, ["GET / HTTP/1.1", "Host: app.example.com", ...lines, "", ""].join("\r\n"), 0);
  expect(answers.map(({ status }) => status)).toEqual([200]);
  const seen = origin.seen.slice(before);
  expect(seen.length).toBe(1);
  const headers: Record<string, string[]> = {};
  for (const [name, value] of seen[0]?.headers ?? []) headers[name] = [...(headers[name] ?? []), value];
  return headers;
}

const forged = [
  "X-Forwarded-For: 6.6.6.6",
  "x-forwarded-for: 7.7.7.7",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.example.com",
  "X-Forwarded-Port: 1",
  "X-Forwarded-Server: evil",
  "X-Forwarded-Prefix: /evil",
  "X-Forwarded-Tls-Client-Cert: evil",
  "X-Real-Ip: 6.6.6.6",
];
const underscored = forged.map((line) => line.replace(/^[^:]*/, (name) => name.replaceAll("-", "_")));
const mixed = ["X-Forwarded_For: 6.6.6.6", "X_Forwarded-Proto: https", "x-real_ip: 6.6.6.6"];

const own = {
  "x-forwarded-for": ["127.0.0.1"],
  "x-forwarded-proto": ["http"],
  "x-forwarded-host": ["app.example.com"],
  "x-forwarded-port": ["80"],
  "x-real-ip": ["127.0.0.1"],
};
const aboutClients = (headers: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^x[-_](forwarded|real)/.test(name)));

describe("what a client says of itself", () => {
  it.each(["web", "elsewhere"])("is not believed on %s, however it is spelt", async (entryPoint) => {
    for (const lines of [forged, underscored, mixed, [...forged, ...underscored, ...mixed]]) {
      expect(aboutClients(await originGets(entryPoint, lines))).toEqual(own);
    }
  });

  it.each(["trusted", "insecure"])("is believed on %s, and the peer added", async (entryPoint) => {
    expect(aboutClients(await originGets(entryPoint, forged))).toEqual({
      "x-forwarded-for": ["6.6.6.6, 7.7.7.7, 127.0.0.1"],
      "x-forwarded-proto": ["https"],
      "x-forwarded-host": ["evil.example.com"],
      "x-forwarded-port": ["1"],
      "x-forwarded-server": ["evil"],
      "x-forwarded-prefix": ["/evil"],
      "x-forwarded-tls-client-cert": ["evil"],
      "x-real-ip": ["6.6.6.6"],
    });
  });

  it.each(["web", "trusted", "insecure"])("does not make it another peer on %s", async (entryPoint) => {
    const headers = await originGets(entryPoint, [
      "CF-Connecting-IP: 6.6.6.6",
      "CF-Connecting-IPv6: ::6",
      "True-Client-IP: 6.6.6.6",
      "Forwarded: for=6.6.6.6",
      'MF-CF-Blob: {"clientIp":"6.6.6.6","clientAcceptEncoding":"x"}',
      "MF-Original-URL: http://evil.example.com/",
      "MF-Original-Hostname: evil.example.com",
      "MF-Route-Override: other",
      "MF-Custom-Service: other",
    ]);
    expect(aboutClients(headers)).toMatchObject(own);
    expect(headers.host).toEqual(["app.example.com"]);
    await originGets(entryPoint, ["X-Forwarded-For: 6.6.6.6"]);
    expect(insider.seen).toEqual([]);
  });
});

describe("internal headers", () => {
  const names = [
    "sluice-hop",
    "sluice-pointer",
    "sluice-failure",
    "sluice-mirror",
    "sluice-any",
    "Sluice_Mirror",
    "SLUICE_HOP",
  ];

  it.each(["web", "trusted"])("are nobody's on %s", async (entryPoint) => {
    const headers = await originGets(
      entryPoint,
      names.map((name) => `${name}: 1 x pod http 80 6.6.6.6 t - 99 evil`),
    );
    expect(Object.keys(headers).filter((name) => name.startsWith("sluice"))).toEqual([]);
    expect(aboutClients(headers)).toMatchObject(own);
  });

  it("do not reach the client from a Pod", async () => {
    const port = Number(new URL(running.url("web")).port);
    const [answer] = await sendRaw(port, "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n", 0);
    expect(answer?.headers.map(([name]) => name).filter((name) => name.startsWith("sluice"))).toEqual([]);
  });
});

describe("Connection", () => {
  it.each(["web", "trusted"])("takes off nothing that the edge or a middleware sets, on %s", async (entryPoint) => {
    const headers = await originGets(entryPoint, [
      "Connection: close, x-user, X-Forwarded-For, x-real-ip, x-forwarded-proto, x-forwarded-host, sluice-hop, host, x-own",
      "X-User: evil",
      "X-Own: 1",
    ]);
    expect(headers["x-user"]).toEqual(["sluice"]);
    expect(headers["x-own"]).toBeUndefined();
    expect(aboutClients(headers)).toMatchObject(own);
  });

  it("does not bring back what a middleware takes off", async () => {
    expect((await originGets("web", ["X-Secret: 1", "X-Secret: 2"]))["x-secret"]).toBeUndefined();
  });
});
