import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { send } from "./send.ts";

let plain: Backend;
let secure: Backend;
let admin: Backend;
let configDir: string;
let running: Running;

const config = `
entryPoints:
  web:
    address: ":80"
    forwardedHeaders: { trustedIPs: [127.0.0.0/8] }
  other: { address: ":8081" }
  websecure: { address: ":443" }
providers: { kubernetesCRD: {} }
`;

beforeAll(async () => {
  [plain, secure, admin] = await Promise.all([startBackend("plain"), startBackend("secure"), startBackend("admin")]);
  configDir = await mkdtemp(join(tmpdir(), "sluice-config-"));
  await writeFile(join(configDir, "traefik.yaml"), config);
  const route = (name: string, entryPoints: string, service: string, tls = "") =>
    routeManifest(name, "Host(`app.example.com`)", [`{ name: ${service}, port: 80 }`], tls).replace(
      "entryPoints: [web]",
      `entryPoints: ${entryPoints}`,
    );
  running = await runManifests(
    [
      serviceManifest("plain", [plain.port]),
      serviceManifest("secure", [secure.port]),
      serviceManifest("admin", [admin.port]),
      route("plain", "[web, websecure]", "plain"),
      route("secure", "[websecure]", "secure", "  tls: {}\n"),
      route("admin", "[other]", "admin"),
    ].join(""),
    { config: join(configDir, "traefik.yaml") },
  );
});

afterAll(async () => {
  await running?.close();
  await Promise.all([plain?.close(), secure?.close(), admin?.close(), rm(configDir, { recursive: true })]);
});

const host = "app.example.com";

describe("entry points", () => {
  it("a request never meets another's routers", async () => {
    expect((await send(running.url("web"), "/", { host })).body).toBe("plain");
    expect((await send(running.url("other"), "/", { host })).body).toBe("admin");
  });

  it("TLS and plain routers are apart on one entry point", async () => {
    expect((await send(running.url("websecure", { tls: true }), "/", { host })).body).toBe("secure");
    expect((await send(running.url("websecure"), "/", { host })).body).toBe("plain");
  });

  it("the Pod learns how the client came", async () => {
    await send(running.url("websecure", { tls: true }), "/how", { host });
    expect(secure.requests.at(-1)?.headers).toMatchObject({ "x-forwarded-proto": "https", "x-forwarded-host": host });
  });
});

describe("X-Forwarded-* of a trusted client", () => {
  const headers = { "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" };

  it("is believed, and added to", async () => {
    await send(running.url("web"), "/trusted", { host, headers });
    expect(plain.requests.at(-1)?.headers).toMatchObject({
      "x-forwarded-for": "203.0.113.9, 127.0.0.1",
      "x-forwarded-proto": "https",
    });
  });

  it("is not believed on an entry point that does not trust it", async () => {
    await send(running.url("other"), "/untrusted", { host, headers });
    expect(admin.requests.at(-1)?.headers).toMatchObject({
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
    });
  });
});
