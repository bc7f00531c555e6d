import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { expect, it } from "vitest";
import { routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { examples, runExample } from "./run-example.ts";
import { runManifests } from "./run-manifests.ts";
import { send, servedBy, whoamiLine } from "./send.ts";

it("ip-allow-list: only some addresses pass, and X-Forwarded-For counts where it is trusted", async () => {
  const { ask, dev } = await runExample("ip-allow-list/manifests", {
    config: `${examples}/ip-allow-list/traefik.yaml`,
  });
  expect(dev.problems()).toEqual([]);
  const status = async (host: string, forwardedFor?: string): Promise<number> => {
    const headers = forwardedFor === undefined ? {} : { "X-Forwarded-For": forwardedFor };
    return (await ask(`${host}.example.com`, "/", { headers })).status;
  };
  expect(await status("office")).toBe(200);
  expect(await status("elsewhere")).toBe(404);
  expect(await status("elsewhere", "198.51.100.1")).toBe(404);
  expect(await status("behind-proxy", "203.0.113.7")).toBe(200);
  expect(await status("behind-proxy", "203.0.113.7, 198.51.100.1")).toBe(403);
  expect(await status("behind-proxy")).toBe(403);
});

it("ip-allow-list: without trusted proxies X-Forwarded-For opens nothing", async () => {
  const { ask } = await runExample("ip-allow-list/manifests");
  const forged = { headers: { "X-Forwarded-For": "203.0.113.7" } };
  expect((await ask("behind-proxy.example.com", "/", forged)).status).toBe(403);
});

const basic = (credentials: string) => ({
  headers: { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}`, "X-User": "forged" },
});

it("auth: passwords of htpasswd and of a Secret of Kubernetes' own type", async () => {
  const { ask, dev } = await runExample("auth");
  expect(dev.problems().filter(({ severity }) => severity !== "notice")).toEqual([]);
  const refused = await ask("basic.auth.example.com", "/", { headers: { "X-User": "forged" } });
  expect([refused.status, refused.headers["www-authenticate"], refused.body]).toEqual([
    401,
    'Basic realm="Example"',
    "401 Unauthorized",
  ]);
  for (const user of ["alice", "bob"]) {
    for (let time = 0; time < 2; time++) {
      const { status, body } = await ask("basic.auth.example.com", "/", basic(`${user}:secret`));
      expect([status, whoamiLine(body, "X-User"), whoamiLine(body, "Authorization")]).toEqual([200, user, undefined]);
    }
    expect((await ask("basic.auth.example.com", "/", basic(`${user}:wrong`))).status).toBe(401);
  }
  expect((await ask("basic.auth.example.com", "/", basic("carol:secret"))).status).toBe(401);
  expect((await ask("plain.auth.example.com", "/", basic("carol:secret"))).status).toBe(200);
  expect((await ask("plain.auth.example.com", "/", basic("carol:Secret"))).status).toBe(401);
  expect(JSON.stringify(dev.table())).not.toMatch(/secret"|\$2y|\$apr1|pbkdf2/);
});

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

it("auth: digest, for the target that was asked for", async () => {
  const { ask } = await runExample("auth");
  const host = "digest.auth.example.com";
  const challenge = (await ask(host, "/")).headers["www-authenticate"] ?? "";
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? "";
  const send = async (path: string, uri: string, password = "secret") => {
    const response = md5(`${md5(`dave:Example:${password}`)}:${nonce}:00000001:c:auth:${md5(`GET:${uri}`)}`);
    const Authorization = `Digest username="dave", realm="Example", nonce="${nonce}", uri="${uri}", qop=auth, nc=00000001, cnonce="c", response="${response}"`;
    return ask(host, path, { headers: { Authorization, "X-User": "forged" } });
  };
  const { status, body } = await send("/a/../%7eb?x=%2F", "/a/../%7eb?x=%2F");
  expect([status, whoamiLine(body, "X-User")]).toEqual([200, "dave"]);
  expect((await send("/b", "/a")).status).toBe(401);
  expect((await send("/", "/", "wrong")).status).toBe(401);
});

it("content-type: what the service does not say is told by the answer's first bytes", async () => {
  const { ask } = await runExample("content-type");
  const typed = await ask("typed.example.com");
  expect([typed.status, typed.headers["content-type"], whoamiLine(typed.body, "Host")]).toEqual([
    200,
    "text/plain; charset=utf-8",
    "typed.example.com",
  ]);
  expect((await ask("untyped.example.com")).headers["content-type"]).toBeUndefined();
});

it("forward-auth: a Service of the cluster is asked first, and the client cannot say who it is", async () => {
  const { ask, dev } = await runExample("forward-auth");
  expect(dev.problems().filter(({ severity }) => severity !== "notice")).toEqual([]);
  const { status, body } = await ask("shop.example.com", "/", { headers: { "X-User": "forged", X_User: "forged" } });
  expect([status, servedBy({ body }, ["auth", "shop"]), body.includes("forged")]).toEqual([200, "shop", false]);
});

const authText = readFileSync("examples/forward-auth/forward-auth.yaml", "utf8")
  .split(/^---$/m)
  .filter((part) => !part.includes("kind: Service"))
  .join("---");

it("forward-auth: the server lets pass, refuses, redirects; away it lets nobody pass", async () => {
  const auth = await startBackend("auth", ({ headers }, response) => {
    const user = /user=(\w+)/.exec(headers.cookie ?? "")?.[1];
    if (user === undefined) return response.writeHead(302, { Location: "/login" }).end("log in");
    response.setHeader("Set-Cookie", ["session=new; Path=/", "other=1"]);
    return response.setHeader("X-User", user).writeHead(204).end();
  });
  const shop = await startBackend("shop", (_, response) => response.setHeader("Set-Cookie", "session=old").end("shop"));
  const services = serviceManifest("auth", [auth.port]).replace("port: 80 }", "port: 9091 }");
  const running = await runManifests(`${authText}${services}${serviceManifest("shop", [shop.port])}`);
  try {
    const ask = (headers: Record<string, string>, method = "POST") =>
      send(running.url("web"), "/cart?x=1", { host: "shop.example.com", method, body: "order", headers });
    const refused = await ask({ "X-User": "forged", "X-Forwarded-Uri": "/public", "X-Forwarded-For": "203.0.113.1" });
    expect([refused.status, refused.headers.location, refused.body]).toEqual([
      302,
      "http://auth.default.svc.cluster.local:9091/login",
      "log in",
    ]);
    expect(shop.requests).toEqual([]);
    const asked = auth.requests[0];
    expect([asked?.method, asked?.url, asked?.body]).toEqual(["GET", "/verify", ""]);
    expect(asked?.headers).toMatchObject({
      host: "auth.default.svc.cluster.local:9091",
      "x-forwarded-method": "POST",
      "x-forwarded-host": "shop.example.com",
      "x-forwarded-proto": "http",
      "x-forwarded-uri": "/cart?x=1",
      "x-forwarded-for": "127.0.0.1",
    });
    expect(asked?.headers["x-user"]).toBeUndefined();

    const passed = await ask({ Cookie: "user=alice", "X-User": "forged", X_User: "forged" });
    expect([passed.status, passed.body, passed.headers["set-cookie"]]).toEqual([200, "shop", ["session=new; Path=/"]]);
    const { body, headers } = shop.requests[0] ?? {};
    expect([body, headers?.["x-user"], headers?.x_user, headers?.host]).toEqual([
      "order",
      "alice",
      undefined,
      "shop.example.com",
    ]);

    await auth.close();
    expect((await ask({ Cookie: "user=alice" })).status).toBe(500);
    expect(shop.requests).toHaveLength(1);
  } finally {
    await Promise.all([running.close(), shop.close(), auth.close().catch(() => {})]);
  }
});

it("jwt: a token with the role lets pass, and tells who it is", async () => {
  const { ask, dev } = await runExample("jwt");
  expect(dev.problems().filter(({ severity }) => severity !== "notice")).toEqual([]);
  const key = new TextEncoder().encode("only-an-example-of-a-secret-of-32-bytes");
  const token = (claims: JWTPayload) => new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(key);
  const send = async (host: string, claims?: JWTPayload) => {
    const authorization = claims && { Authorization: `Bearer ${await token(claims)}` };
    return ask(`${host}.example.com`, "/", { headers: { "X-User": "forged", ...authorization } });
  };
  const refused = await send("api");
  expect([refused.status, refused.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
  const passed = await send("api", { sub: "alice", aud: "api", role: "reader" });
  expect([passed.status, whoamiLine(passed.body, "X-User"), whoamiLine(passed.body, "Authorization")]).toEqual([
    200,
    "alice",
    undefined,
  ]);
  expect((await send("api", { sub: "alice", aud: "web", role: "reader" })).status).toBe(401);
  expect((await send("admin", { sub: "alice", aud: "api", role: "reader" })).status).toBe(403);
  expect((await send("admin", { sub: "alice", aud: "api", role: "admin" })).status).toBe(200);
});

it("jwt: the keys of an issuer in the cluster", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const set = { keys: [{ ...(await exportJWK(publicKey)), kid: "a", alg: "ES256" }] };
  const issuer = await startBackend("issuer", (_, response) => response.end(JSON.stringify(set)));
  const api = await startBackend("api");
  const middleware =
    "---\napiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: { name: m }\nspec:\n  jwt: { jwksUrl: 'http://issuer.default.svc/keys' }\n";
  const route = routeManifest(
    "r",
    "PathPrefix(`/`)",
    ["{ name: api, port: 80 }"],
    "      middlewares: [{ name: m }]\n",
  );
  const services = serviceManifest("issuer", [issuer.port]) + serviceManifest("api", [api.port]);
  const running = await runManifests(route + middleware + services);
  try {
    const token = await new SignJWT({}).setProtectedHeader({ alg: "ES256", kid: "a" }).sign(privateKey);
    const status = async (value: string) =>
      (await send(running.url("web"), "/", { host: "api", headers: { Authorization: `Bearer ${value}` } })).status;
    expect([await status(token), await status(token), await status(`${token}x`)]).toEqual([200, 200, 401]);
    expect(issuer.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([["/keys", undefined]]);
    expect(api.requests).toHaveLength(2);
  } finally {
    await Promise.all([running.close(), issuer.close(), api.close()]);
  }
});

it("errors: the page of a service in place of what went wrong", async () => {
  const { ask } = await runExample("errors");
  const { status, body } = await ask("away.example.com", "/cart", { method: "POST", body: "order" });
  expect([status, servedBy({ body }, ["pages"])]).toEqual([500, "pages"]);
  expect(body).toContain("GET /500.html?was=503&url=http%3A%2F%2Faway.example.com%2Fcart HTTP/1.1");
});

it("errors: a page that comes compressed, and one that cannot be had", async () => {
  const page = gzipSync("<h1>broken</h1>");
  const pages = await startBackend("pages", (_, response) =>
    response.writeHead(200, { "Content-Type": "text/html", "Content-Encoding": "gzip" }).end(page),
  );
  const app = await startBackend("app", (_, response) => response.writeHead(500).end("stack trace"));
  const middleware =
    "---\napiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: { name: m }\nspec:\n  errors: { status: ['500'], service: { name: pages, port: 80 } }\n";
  const route = routeManifest(
    "r",
    "PathPrefix(`/`)",
    ["{ name: app, port: 80 }"],
    "      middlewares: [{ name: m }]\n",
  );
  const services = serviceManifest("pages", [pages.port]) + serviceManifest("app", [app.port]);
  const running = await runManifests(route + middleware + services);
  try {
    const ask = (headers: Record<string, string>) => send(running.url("web"), "/", { host: "app", headers });
    const plain = await ask({ "Accept-Encoding": "identity" });
    expect([plain.status, plain.headers["content-type"]]).toEqual([500, "text/html"]);
    const raw = await fetch(running.url("web"), { headers: { Host: "app" } });
    expect([raw.status, await raw.text()]).toEqual([500, "<h1>broken</h1>"]);
    await pages.close();
    expect((await ask({})).body).toBe("stack trace");
  } finally {
    await Promise.all([running.close(), app.close(), pages.close().catch(() => {})]);
  }
});

it("encoded-characters: what is encoded reaches the service only where it is allowed", async () => {
  const { ask } = await runExample("encoded-characters");
  const status = async (host: string, path: string) => (await ask(`${host}.example.com`, path)).status;
  for (const path of ["/public/..%2Fadmin", "/a%2fb", "/%5C", "/%00", "/a%3Bb", "/%2525", "/a%3F", "/a%23"]) {
    expect(await status("strict", path)).toBe(400);
  }
  expect([await status("strict", "/a%20b?c=%2F"), await status("files", "/%00")]).toEqual([200, 400]);
  expect((await ask("files.example.com", "/a%2Fb")).body).toContain("GET /a%2Fb HTTP/1.1");
});

it("client-certificate: what the platform tells of it reaches the service, what the client tells does not", async () => {
  const { ask } = await runExample("client-certificate");
  const forged = { "X-Forwarded-Tls-Client-Cert": "forged", "X-Forwarded-Tls-Client-Cert-Info": "forged" };
  const none = await ask("mtls.example.com", "/", { headers: forged });
  expect([none.status, none.body.includes("forged")]).toEqual([200, false]);
  // How miniflare is given what Cloudflare would know.
  const tlsClientAuth = {
    certPresented: "1",
    certVerified: "SUCCESS",
    certRevoked: "0",
    certSubjectDNRFC2253: "CN=alice,O=Example",
    certSerial: "0A",
    certRFC9440: ":AAAA:",
    certChainRFC9440: "",
  };
  const headers = { ...forged, "MF-CF-Blob": JSON.stringify({ tlsClientAuth }) };
  const { body } = await ask("mtls.example.com", "/", { headers });
  expect(whoamiLine(body, "X-Forwarded-Tls-Client-Cert")).toBe("AAAA");
  expect(decodeURIComponent(whoamiLine(body, "X-Forwarded-Tls-Client-Cert-Info") ?? "")).toBe(
    'Subject="CN=alice";SerialNumber="10"',
  );
});

it("buffering: a body that is too long is refused, whether or not its length is told", async () => {
  const { ask } = await runExample("buffering");
  const status = async (length: number, headers: Record<string, string> = {}) =>
    (await ask("upload.example.com", "/", { method: "POST", body: Buffer.alloc(length), headers })).status;
  const chunked = { "Transfer-Encoding": "chunked" };
  expect([await status(1000), await status(1001)]).toEqual([200, 413]);
  expect([await status(1000, chunked), await status(200_000, chunked)]).toEqual([200, 413]);
});
