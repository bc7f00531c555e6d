import { once } from "node:events";
import type http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CertificatePair, makeCertificate } from "../../cli/dev/make-certificate.ts";
import { type Backend, routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { send } from "./send.ts";

const poll = <T>(read: () => T) => expect.poll(read, { timeout: 15_000, interval: 20 });

/** A route of `<name>.example.com` to `shop`, behind a forwardAuth. */
const guarded = (name: string, options: string): string =>
  `${routeManifest(name, `Host(\`${name}.example.com\`)`, ["{ name: shop, port: 80 }"], `      middlewares: [{ name: ${name} }]\n`)}---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: ${name} }
spec:
  forwardAuth: { ${options} }
`;

describe("a server over plain HTTP", () => {
  let auth: Backend;
  let shop: Backend;
  let running: Running;
  const lines: string[] = [];

  beforeAll(async () => {
    auth = await startBackend("auth", ({ headers }, response) => {
      const user = /user=(\w+)/.exec(headers.cookie ?? "")?.[1];
      if (user === undefined) return response.writeHead(401, { "Set-Cookie": "a=1", Location: "/x" }).end("who?");
      if (user !== "nobody") response.setHeader("X-User", user);
      return response.setHeader("Remote-Group", "staff").end();
    });
    shop = await startBackend("shop");
    const address = "address: http://auth.default.svc/verify";
    const named = "authResponseHeaders: [X-User, X-Forwarded-User], headerField: X-User";
    const manifests = [
      guarded("named", `${address}, ${named}, authSigninURL: "https://sign.in/start?from=shop"`),
      guarded("patterned", `${address}, authResponseHeadersRegex: "^(X-User|Remote-.*)$", authSigninURL: /sign-in`),
      serviceManifest("auth", [auth.port]),
      serviceManifest("shop", [shop.port]),
    ];
    running = await runManifests(manifests.join(""), { accessLog: true, writeAccess: (line) => lines.push(line) });
  });
  afterAll(() => Promise.all([running?.close(), auth?.close(), shop?.close()]));
  beforeEach(() => {
    for (const { requests } of [auth, shop]) requests.length = 0;
    lines.length = 0;
  });

  const ask = (name: string, headers: http.OutgoingHttpHeaders, method = "GET") =>
    send(running.url("web"), "/cart?x=1", { host: `${name}.example.com`, method, headers });

  it.each(["GET", "POST", "OPTIONS"])("%s of somebody unknown is sent to the page to sign in", async (method) => {
    const answer = await ask("named", {}, method);
    expect([answer.status, answer.headers.location]).toEqual([302, "https://sign.in/start?from=shop"]);
    expect([answer.headers["set-cookie"], answer.body.includes("who?")]).toEqual([undefined, false]);
    expect((await ask("patterned", {}, method)).headers.location).toBe("/sign-in");
    expect(shop.requests).toEqual([]);
  });

  it("the access log has who the server says it is", async () => {
    expect((await ask("named", { Cookie: "user=alice", "X-User": "forged" })).status).toBe(200);
    await poll(() => lines.length).toBe(1);
    expect(lines[0]).toMatch(/^127\.0\.0\.1 - alice \[/);
  });

  const forgeries: [string, http.OutgoingHttpHeaders][] = [
    ["in any case", { "x-uSER": "forged", "remote-GROUP": "forged", "x-forwarded-user": "forged" }],
    ["with underscores", { X_User: "forged", x_user: "forged", Remote_Group: "forged", X_Forwarded_User: "forged" }],
    ["several times", { "X-User": ["forged", "forged too"], X_User: ["forged", "forged"] }],
    ["empty, and again", { "X-User": ["", "forged"] }],
  ];
  it.each(forgeries)("what the client says of itself %s reaches nobody", async (_, forged) => {
    for (const [user, name, group] of [
      ["alice", "named", undefined],
      ["nobody", "named", undefined],
      ["alice", "patterned", "staff"],
      ["nobody", "patterned", "staff"],
    ] as const) {
      shop.requests.length = 0;
      expect((await ask(name, { Cookie: `user=${user}`, ...forged })).status).toBe(200);
      const [seen] = shop.requests;
      // The group is none of the names that the first is told to take from the server.
      const others = name === "named" ? /^remote/i : /^x[-_]forwarded/i;
      const values = Object.entries(seen?.headers ?? {}).filter(([key]) => !others.test(key));
      expect(values.filter(([, value]) => String(value).includes("forged"))).toEqual([]);
      expect(seen?.headers["x-user"]).toBe(user === "alice" ? "alice" : undefined);
      if (group !== undefined) expect(seen?.headers["remote-group"]).toBe(group);
    }
  });

  it.each(["X-User", "close, x-user, X-Forwarded-User", "keep-alive, X-User, X_User"])(
    "a header that the server sets is not named away by Connection: %s",
    async (Connection) => {
      const answer = await ask("named", { Cookie: "user=alice", "X-User": "forged", Connection });
      expect([answer.status, shop.requests[0]?.headers["x-user"]]).toEqual([200, "alice"]);
      expect(auth.requests[0]?.headers["x-user"]).toBeUndefined();
    },
  );

  it("nor is what the server is told", async () => {
    const Connection = "close, X-Forwarded-For, X-Forwarded-Uri, X-Forwarded-Host, X-Forwarded-Method";
    await ask("named", { Cookie: "user=alice", Connection }, "DELETE");
    expect(auth.requests[0]?.headers).toMatchObject({
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "named.example.com",
      "x-forwarded-method": "DELETE",
      "x-forwarded-uri": "/cart?x=1",
    });
  });

  it("what a client says of its way here is not believed, however often and in whatever spelling", async () => {
    const forged = Object.fromEntries(
      ["For", "Method", "Proto", "Host", "Port", "Uri", "Prefix", "User"].flatMap((part) => [
        [`X-Forwarded-${part}`, ["forged", "forged"]],
        [`x_forwarded_${part}`, "forged"],
      ]),
    );
    await ask("named", { Cookie: "user=alice", ...forged, "X-Real-Ip": "forged" });
    const values = Object.values(auth.requests[0]?.headers ?? {});
    expect(values.filter((value) => String(value).includes("forged"))).toEqual([]);
    expect(auth.requests[0]?.headers["x-forwarded-for"]).toBe("127.0.0.1");
  });
});

describe("a server over TLS", () => {
  let pair: CertificatePair;
  let client: CertificatePair;
  let auth: https.Server;
  let shop: Backend;
  let running: Running;
  const asked: { host: string | undefined; sni: unknown; client: boolean }[] = [];

  beforeAll(async () => {
    const now = Date.now();
    const host = "auth.default.svc.cluster.local";
    let other: CertificatePair;
    [pair, client, other] = await Promise.all([
      makeCertificate([host], now),
      makeCertificate(["edge"], now),
      makeCertificate([host], now),
    ]);
    const tls = { ...pair, ca: client.cert, requestCert: true, rejectUnauthorized: false };
    auth = https.createServer(tls, ({ headers, socket }, response) => {
      const { servername, authorized } = socket instanceof TLSSocket ? socket : {};
      asked.push({ host: headers.host, sni: servername, client: authorized === true });
      response.statusCode = headers.cookie === "strict" && authorized !== true ? 403 : 200;
      response.end();
    });
    auth.listen(0, "127.0.0.1");
    await once(auth, "listening");
    const { port } = auth.address() as AddressInfo;
    shop = await startBackend("shop");
    const secret = (name: string, entries: object): string =>
      `---\napiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\nstringData: ${JSON.stringify(entries)}\n`;
    const address = `address: "https://${host}/verify"`;
    const manifests = [
      guarded("known", `${address}, tls: { caSecret: ca, certSecret: client }`),
      guarded("unshown", `${address}, tls: { caSecret: ca }`),
      guarded("stranger", `${address}, tls: { caSecret: other }`),
      guarded("anybody", `${address}, tls: { insecureSkipVerify: true }`),
      guarded("plain", address),
      guarded("renamed", `address: "https://auth.default.svc/verify", tls: { caSecret: ca }`),
      guarded("missing", `${address}, tls: { caSecret: gone }`),
      secret("ca", { "tls.ca": pair.cert }),
      secret("other", { "ca.crt": other.cert }),
      secret("client", { "tls.crt": client.cert, "tls.key": client.key }),
      serviceManifest("auth", [port]).replace("port: 80 }", "port: 443 }"),
      serviceManifest("shop", [shop.port]),
    ];
    running = await runManifests(manifests.join(""));
  });
  afterAll(async () => {
    auth?.closeAllConnections();
    auth?.close();
    await Promise.all([running?.close(), shop?.close()]);
  });
  beforeEach(() => {
    asked.length = 0;
    shop.requests.length = 0;
  });

  const ask = async (name: string, Cookie = "lenient") =>
    (await send(running.url("web"), "/", { host: `${name}.example.com`, headers: { Cookie } })).status;

  it("is asked by its own name, and shown the certificate", async () => {
    expect(await ask("known", "strict")).toBe(200);
    const host = "auth.default.svc.cluster.local";
    expect([asked, shop.requests.length]).toEqual([[{ host, sni: host, client: true }], 1]);
    expect(await ask("unshown", "strict")).toBe(403);
    expect(shop.requests).toHaveLength(1);
  });

  it("of another authority, or by another name, lets nobody pass", async () => {
    expect([await ask("unshown"), await ask("anybody")]).toEqual([200, 200]);
    expect(shop.requests).toHaveLength(2);
    asked.length = 0;
    for (const name of ["stranger", "plain", "renamed"]) expect([name, await ask(name)]).toEqual([name, 500]);
    expect(await ask("missing")).toBe(503);
    expect([asked, shop.requests.length]).toEqual([[], 2]);
  });
});

describe("Gateway API's ExternalAuth", () => {
  it("asks for what the client asks for, and lets nobody pass without 200", async () => {
    const auth = await startBackend("auth", ({ headers }, response) => {
      const user = /^Bearer (\w+)$/.exec(headers.authorization ?? "")?.[1];
      if (user === undefined) return response.writeHead(401, { "WWW-Authenticate": "Bearer" }).end("who?");
      if (user === "none") return response.writeHead(204).end();
      return response.setHeader("X-User", user).end();
    });
    const shop = await startBackend("shop");
    const externalAuth = {
      protocol: "HTTP",
      backendRef: { name: "auth", port: 80 },
      http: { path: "/check", allowedResponseHeaders: ["X-User"] },
      forwardBody: { maxSize: 10 },
    };
    const rule = { filters: [{ type: "ExternalAuth", externalAuth }], backendRefs: [{ name: "shop", port: 80 }] };
    const running = await runManifests(
      `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: edge }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge }
spec: { gatewayClassName: edge, listeners: [{ name: web, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec: ${JSON.stringify({ parentRefs: [{ name: "edge" }], hostnames: ["shop.example.com"], rules: [rule] })}
${serviceManifest("auth", [auth.port])}${serviceManifest("shop", [shop.port])}`,
    );
    try {
      const ask = (headers: http.OutgoingHttpHeaders, body = "order") =>
        send(running.url("web"), "/cart?x=1", { host: "shop.example.com", method: "POST", headers, body });
      const refused = await ask({ "X-User": "forged" });
      expect([refused.status, refused.headers["www-authenticate"], refused.body]).toEqual([401, "Bearer", "who?"]);
      const { method, url, headers, body } = auth.requests[0] ?? {};
      expect([method, url, headers?.host, body]).toEqual(["POST", "/check/cart?x=1", "shop.example.com", "order"]);
      expect(headers?.["x-user"]).toBeUndefined();
      expect((await ask({ Authorization: "Bearer none" })).status).toBe(403);
      expect((await ask({ Authorization: "Bearer alice" }, "more than ten")).status).toBe(413);
      expect([auth.requests.length, shop.requests]).toEqual([2, []]);

      const forged = { "X-User": "forged", X_User: "forged", Connection: "close, X-User" };
      expect((await ask({ Authorization: "Bearer alice", ...forged })).body).toBe("shop");
      const seen = shop.requests[0];
      expect([seen?.url, seen?.body, seen?.headers["x-user"], seen?.headers.x_user]).toEqual([
        "/cart?x=1",
        "order",
        "alice",
        undefined,
      ]);
      await auth.close();
      expect((await ask({ Authorization: "Bearer alice" })).status).toBe(500);
      expect(shop.requests).toHaveLength(1);
    } finally {
      await Promise.all([running.close(), shop.close(), auth.close().catch(() => {})]);
    }
  });
});
