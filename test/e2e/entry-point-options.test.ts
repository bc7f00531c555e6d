import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { type Answer, type SendOptions, send } from "./send.ts";

const config = `
entryPoints:
  web: { address: ":80", asDefault: true }
  secure: { address: ":8443", asDefault: true, http: { tls: {} } }
  old: { address: ":8001", http: { redirections: { entryPoint: { to: secure, permanent: false } } } }
  guarded: { address: ":8002", http: { middlewares: [default-mark@kubernetescrd] } }
  trusting: { address: ":8003", forwardedHeaders: { insecure: true } }
  strict: { address: ":8004", http: { encodedCharacters: { allowEncodedSlash: false } } }
  encoding: { address: ":8005", http: { encodeQuerySemicolons: true } }
  deleting: { address: ":8006", http: { aliasHeadersStrategy: delete } }
  rejecting: { address: ":8007", http: { underscoreHeadersStrategy: reject } }
  broken: { address: ":8008", http: { middlewares: [default-absent@kubernetescrd] } }
`;
const named = ["old", "guarded", "trusting", "strict", "encoding", "deleting", "rejecting", "broken"];
const host = "app.example.com";

let backend: Backend;
let folder: string;
let running: Running;

beforeAll(async () => {
  backend = await startBackend("app");
  folder = await mkdtemp(join(tmpdir(), "sluice-config-"));
  await writeFile(join(folder, "traefik.yaml"), config);
  const route = (name: string, entryPoints: string, rule: string) =>
    routeManifest(name, rule, ["{ name: app, port: 80 }"]).replace("  entryPoints: [web]\n", entryPoints);
  running = await runManifests(
    [
      serviceManifest("app", [backend.port]),
      route("anywhere", "", `Host(\`${host}\`)`),
      route("named", `  entryPoints: [${named.join(", ")}]\n`, `Host(\`${host}\`)`),
      route("semicolon", "  entryPoints: [encoding, guarded]\n", "Host(`other.example.com`) && Query(`a`, `1;b=2`)"),
      route(
        "inside",
        "  entryPoints: [trusting, guarded]\n",
        "Host(`inside.example.com`) && Header(`X-Real-Ip`, `10.0.0.1`)",
      ),
      route("plain", "  entryPoints: [guarded]\n", "Host(`plain.example.com`) && Header(`X-Forwarded-Proto`, `http`)"),
      `---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: mark }
spec: { headers: { customRequestHeaders: { X-Mark: "yes", X-Forwarded-Port: "" } } }
`,
    ].join(""),
    { config: join(folder, "traefik.yaml") },
  );
});

afterAll(async () => {
  await running?.close();
  await Promise.all([backend?.close(), rm(folder, { recursive: true })]);
});

const ask = (entryPoint: string, path = "/", options: SendOptions = {}, tls = false): Promise<Answer> =>
  send(running.url(entryPoint, { tls }), path, { host, ...options });
/** What the Pod was asked last. */
const asked = () => backend.requests.at(-1);

describe("which routers stand where", () => {
  it("one without entry points stands on those that are asDefault, and with TLS where the entry point has it", async () => {
    expect((await ask("web")).status).toBe(200);
    expect((await ask("secure", "/", {}, true)).status).toBe(200);
    expect((await ask("secure")).status).toBe(404);
  });
});

describe("redirections", () => {
  it("go to the other entry point, whatever the router", async () => {
    const { status, headers } = await ask("old", "/x?a=1");
    expect([status, headers.location]).toEqual([302, `https://${host}:8443/x?a=1`]);
  });
});

describe("middlewares", () => {
  it("stand before those of every router", async () => {
    await ask("guarded");
    expect(asked()?.headers["x-mark"]).toBe("yes");
    await ask("trusting");
    expect(asked()?.headers).not.toHaveProperty("x-mark");
  });

  it("one that is not there closes all routers of the entry point", async () => {
    expect((await ask("broken")).status).toBe(503);
    expect(running.problems().map(({ code }) => code)).toContain("middleware-not-found");
  });
});

describe("forwarded headers", () => {
  const headers = { "X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https" };
  it("are believed of everybody on an insecure entry point", async () => {
    await ask("trusting", "/", { headers });
    expect(asked()?.headers).toMatchObject({
      "x-forwarded-for": "198.51.100.1, 127.0.0.1",
      "x-forwarded-proto": "https",
    });
    await ask("guarded", "/", { headers });
    expect(asked()?.headers).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http" });
  });

  it("come to a Pod only where they are believed, set by us, and not deleted by a middleware", async () => {
    const seen = async (entryPoint: string) => {
      await ask(entryPoint, "/", { headers: { "X-Scheme": "https" } });
      const {
        "x-scheme": scheme,
        "x-forwarded-port": port,
        "x-forwarded-host": forwardedHost,
      } = asked()?.headers ?? {};
      return { scheme, port, forwardedHost };
    };
    expect(await seen("trusting")).toEqual({
      scheme: "https",
      port: expect.stringMatching(/^\d+$/),
      forwardedHost: host,
    });
    expect(await seen("guarded")).toEqual({ scheme: undefined, port: undefined, forwardedHost: host });
  });
});

describe("forwarded headers, to rules", () => {
  it.each([
    ["trusting", "inside.example.com", { "X-Real-Ip": "10.0.0.1" }, 200],
    ["guarded", "inside.example.com", { "X-Real-Ip": "10.0.0.1" }, 404],
    ["guarded", "plain.example.com", {}, 200],
    ["guarded", "plain.example.com", { "X-Forwarded-Proto": "https" }, 200],
  ])("are what a Pod is told: %s %s %j", async (entryPoint, host, headers, status) => {
    expect((await ask(entryPoint, "/", { host, headers })).status).toBe(status);
  });
});

describe("encoded characters", () => {
  it.each([
    ["strict", "/a%2Fb", 400],
    ["strict", "/a%2fb", 400],
    ["strict", "/a%5Cb", 200],
    ["strict", "/a?b=%2F", 200],
    ["guarded", "/a%2Fb", 200],
  ])("%s %s gets %s", async (entryPoint, path, status) => {
    expect((await ask(entryPoint, path)).status).toBe(status);
  });
});

describe("semicolons in a query", () => {
  it("are encoded for the Pod where that is asked for", async () => {
    await ask("encoding", "/?foo=bar;baz=bar");
    expect(asked()?.url).toBe("/?foo=bar%3Bbaz=bar");
    await ask("guarded", "/?foo=bar;baz=bar");
    expect(asked()?.url).toBe("/?foo=bar;baz=bar");
  });

  it("are part of a value to rules as well", async () => {
    const other = { host: "other.example.com" };
    expect((await ask("encoding", "/?a=1;b=2", other)).status).toBe(200);
    expect((await ask("guarded", "/?a=1;b=2", other)).status).toBe(404);
  });
});

describe("headers that look like others", () => {
  const headers = { X_User: "root", "X.User": "root", "X-User": "ann" };

  it("are left out, of whatever alias", async () => {
    expect((await ask("deleting", "/", { headers })).status).toBe(200);
    expect(asked()?.rawHeaders.filter((text) => /^x.user$/i.test(text))).toEqual(["X-User"]);
  });

  it("are a reason to refuse the request, with an underscore", async () => {
    const before = backend.requests.length;
    expect((await ask("rejecting", "/", { headers: { X_User: "root" } })).status).toBe(400);
    expect(backend.requests).toHaveLength(before);
    expect((await ask("rejecting", "/", { headers: { "X.User": "root" } })).status).toBe(200);
  });

  it("pass elsewhere, as in Traefik", async () => {
    await ask("guarded", "/", { headers });
    expect(
      asked()
        ?.rawHeaders.filter((text) => /^x.user$/i.test(text))
        .sort(),
    ).toEqual(["X-User", "X.User", "X_User"]);
  });
});
