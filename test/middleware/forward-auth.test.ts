import { describe, expect, it } from "vitest";
import { createAccessRecord } from "../../src/access-log/access-record.ts";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import type { Handler } from "../../src/exchange/exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { askServer } from "./ask-server.ts";
import { testRuntime } from "./auth-runtime.ts";
import { minimalOptions } from "./minimal-options.ts";
import { exchangeOf } from "./run-middleware.ts";

type Options = MiddlewareOptions<"forwardAuth">;

const ask = askServer((more: Partial<Options>) => ({
  ...minimalOptions.forwardAuth,
  address: "http://auth.default.svc:9091/verify?rd=1",
  ...more,
}));

const cookies = (...lines: string[]): Headers => {
  const headers = new Headers();
  for (const line of lines) headers.append("Set-Cookie", line);
  return headers;
};

describe("what the server is asked", () => {
  it("a GET that tells of the request", async () => {
    const { question } = await ask(
      {},
      { url: "https://shop.com:8443/a%20b?c=d", method: "DELETE", headers: { Cookie: "s=1" } },
    );
    expect(question).toEqual({
      url: "http://auth.default.svc:9091/verify?rd=1",
      method: "GET",
      headers: {
        cookie: "s=1",
        "x-forwarded-method": "DELETE",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.com:8443",
        "x-forwarded-port": "8443",
        "x-forwarded-uri": "/a%20b?c=d",
      },
      body: undefined,
    });
  });

  const forged = {
    "X-Forwarded-For": "203.0.113.1",
    "X-Forwarded-Method": "GET",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "other.com",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Uri": "/public",
    "X-Forwarded-User": "admin",
    X_Forwarded_Uri: "/public",
    "X-Real-Ip": "203.0.113.1",
    "X-Scheme": "https",
  };
  const url = "http://shop.com/private";
  it.each([
    [false, false],
    [true, false],
    [false, true],
  ])(
    "with trustForwardHeader %s and a client trusted %s nothing that it forwards counts",
    async (trustForwardHeader, trusted) => {
      const { question } = await ask({ trustForwardHeader }, { url, method: "POST", headers: forged, trusted });
      expect(question?.headers).toEqual({
        "x-forwarded-method": "POST",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "shop.com",
        "x-forwarded-port": "80",
        "x-forwarded-uri": "/private",
      });
    },
  );

  it("of a trusted client, with trustForwardHeader, what it forwards counts", async () => {
    const { question } = await ask({ trustForwardHeader: true }, { url, headers: forged, trusted: true });
    expect(question?.headers).toMatchObject({
      "x-forwarded-for": "203.0.113.1",
      "x-forwarded-method": "GET",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "other.com",
      "x-forwarded-port": "443",
      "x-forwarded-uri": "/public",
      "x-forwarded-user": "admin",
      "x-real-ip": "203.0.113.1",
      "x-scheme": "https",
    });
    expect(question?.headers.x_forwarded_uri).toBeUndefined();
  });

  it("of a trusted client, with trustForwardHeader, what it forwards beside the headers that are asked for", async () => {
    const more = { trustForwardHeader: true, authRequestHeaders: ["Cookie"] };
    const headers = { Cookie: "s=1", Accept: "*/*", "X-Forwarded-Tls-Client-Cert": "AAAA" };
    const { question } = await ask(more, { url, headers, trusted: true });
    expect(question?.headers).toMatchObject({ cookie: "s=1", "x-forwarded-tls-client-cert": "AAAA" });
    expect(question?.headers.accept).toBeUndefined();
  });

  it("nothing by which its own message could be read otherwise", async () => {
    const framing = { Transfer_Encoding: "chunked", Content_Length: "7", Keep_Alive: "1", "Proxy-Authorization": "x" };
    const { question } = await ask({}, { headers: { ...framing, Cookie: "s=1" } });
    expect(Object.keys(question?.headers ?? {}).filter((name) => !name.startsWith("x-forwarded-"))).toEqual(["cookie"]);
  });

  it("only the headers that it should get, and none of the connection's", async () => {
    const headers = { Cookie: "s=1", Accept: "*/*", Authorization: "x", Upgrade: "websocket", TE: "trailers" };
    const all = (await ask({}, { headers })).question?.headers;
    expect([all?.cookie, all?.accept, all?.upgrade, all?.te]).toEqual(["s=1", "*/*", undefined, undefined]);
    const some = (await ask({ authRequestHeaders: ["authorization", "X-None"] }, { headers })).question?.headers;
    expect([some?.cookie, some?.authorization, some?.["x-forwarded-method"]]).toEqual([undefined, "x", "GET"]);
  });

  it.each([
    [{}, "GET", undefined],
    [{ preserveRequestMethod: true }, "PUT", undefined],
    [{ preserveRequestMethod: true, forwardBody: true }, "PUT", "content"],
    [{ forwardBody: true, maxBodySize: 7 }, "PUT", "content"],
  ])("%j: method %s, body %s", async (more, method, body) => {
    const { question, origin } = await ask(more, { method: "PUT", body: "content" });
    expect([question?.method, question?.body, origin?.body]).toEqual([method, body, "content"]);
    expect(question?.headers["content-length"]).toBeUndefined();
  });

  it("nothing, when the body is larger than may be forwarded", async () => {
    for (const maxBodySize of [6, 0]) {
      const { question, origin, response } = await ask(
        { forwardBody: true, maxBodySize },
        { method: "PUT", body: "content" },
      );
      expect([question, origin, response.status]).toEqual([undefined, undefined, 401]);
    }
    const bomb = "x".repeat(4 * 1024 * 1024 + 1);
    const { response } = await ask({ forwardBody: true }, { method: "PUT", body: bomb });
    expect(response.status).toBe(401);
  });
});

describe("what the service is told", () => {
  const says = (headers: Record<string, string>) => () => new Response("ignored", { headers });

  it("what the server says under the names that it may use, in place of the client's", async () => {
    const { origin, assigned } = await ask(
      { authResponseHeaders: ["X-User", "X-Forwarded-User"] },
      { headers: { "X-User": "forged", "X-Other": "kept", "X-Forwarded-User": "forged" } },
      says({ "X-User": "alice", "X-Forwarded-User": "alice", "X-Secret": "no" }),
    );
    expect(origin?.headers).toMatchObject({ "x-user": "alice", "x-other": "kept", "x-forwarded-user": "alice" });
    expect(origin?.headers["x-secret"]).toBeUndefined();
    expect(assigned).toEqual(["x-forwarded-user"]);
  });

  const smuggled: [Partial<Options>, Record<string, string>][] = [
    [{ authResponseHeaders: ["X-User"] }, { "x-USER": "forged" }],
    [{ authResponseHeaders: ["X-User"] }, { X_User: "forged" }],
    [{ authResponseHeaders: ["x-auth-user-id"] }, { "X-Auth_User-Id": "forged", x_auth_user_id: "forged" }],
    [{ authResponseHeaders: ["X_User"] }, { "X-User": "kept", X_User: "forged" }],
    [{ authResponseHeadersRegex: "^X-Auth-" }, { "X-Auth-A": "forged", "x-auth-b": "forged", X_Auth_C: "forged" }],
    [{ authResponseHeadersRegex: "^Remote-(User|Groups)$" }, { "remote-user": "forged", Remote_Groups: "forged" }],
    [{ authResponseHeaders: ["X-Forwarded-User"] }, { "X-Forwarded-User": "forged", X_Forwarded_User: "forged" }],
    [{ authResponseHeaders: ["Authorization", "Cookie"] }, { authorization: "forged", cookie: "forged" }],
  ];
  it.each(smuggled)("%j: nothing of %j, also when the server says nothing", async (more, headers) => {
    const { origin } = await ask(more, { headers });
    expect(Object.values(origin?.headers ?? {})).not.toContain("forged");
  });

  it("by a pattern, which is tested against names as they are usually written", async () => {
    const { origin } = await ask(
      { authResponseHeadersRegex: "^X-Auth-" },
      { headers: { "X-Auth-User": "forged" } },
      says({ "x-auth-user": "alice", "X-Other": "no", "Set-Cookie": "a=b" }),
    );
    expect(origin?.headers).toEqual({ "x-auth-user": "alice" });
  });
});

it("a pattern that fits everything takes no part of the server's message for the client's", async () => {
  const headers = { "Content-Length": "7", "Content-Encoding": "br", "X-Client": "1" };
  const answer = () =>
    new Response(null, { headers: { "Content-Length": "0", "X-User": "alice", "Set-Cookie": "a=b" } });
  const { origin } = await ask({ authResponseHeadersRegex: ".*" }, { headers, method: "PUT", body: "content" }, answer);
  expect(origin?.headers).toEqual({ "content-length": "7", "content-encoding": "br", "x-user": "alice" });
});

it("a name that is about the server's own message is never copied", async () => {
  const more = { authResponseHeaders: ["Content-Length", "Transfer-Encoding", "Upgrade", "X-User"] };
  const headers = { "Content-Length": "7" };
  const said = { "Content-Length": "0", Upgrade: "websocket", "X-User": "alice" };
  const { origin } = await ask(
    more,
    { headers, method: "PUT", body: "content" },
    () => new Response(null, { headers: said }),
  );
  expect(origin?.headers).toMatchObject({ "content-length": "7", "x-user": "alice" });
  expect(origin?.headers.upgrade).toBeUndefined();
});

describe("what the access log is told", () => {
  const user = async (status: number, headers: Record<string, string>): Promise<string | undefined> => {
    const options = { ...minimalOptions.forwardAuth, headerField: "X-Auth-User" };
    const service: Handler = async () => new Response(null, { status, headers });
    const access = createAccessRecord();
    const exchange = createExchange({ ...exchangeOf({ headers: { "X-Auth-User": "forged" } }), host: "a.com", access });
    await buildMiddlewares({ it: options }, () => service, testRuntime())("it")(async () => new Response(null))(
      exchange,
    );
    return access.user;
  };

  it.each([200, 401, 403])("who it is by the header of the server's answer, also of %i", async (status) => {
    expect(await user(status, { "X-Auth-User": "alice" })).toBe("alice");
  });

  it("nothing where the server says nothing, whatever the client says", async () => {
    expect(await user(200, {})).toBeUndefined();
    expect(await user(200, { "X-Auth-User": "" })).toBeUndefined();
  });
});

describe("whom the server does not know is sent to the page to sign in", () => {
  const refusal = (status: number) => () =>
    new Response("log in", { status, headers: { "Set-Cookie": "a=1", "WWW-Authenticate": "Bearer", Location: "/x" } });

  it.each(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])("%s", async (method) => {
    const sent = { method, headers: { "X-Requested-With": "XMLHttpRequest" } };
    const { origin, response } = await ask({ authSigninURL: "https://sign.in/start?a=b#c" }, sent, refusal(401));
    expect([origin, response.status, [...response.headers.keys()].sort()]).toEqual([
      undefined,
      302,
      ["content-type", "location"],
    ]);
    expect(response.headers.get("location")).toBe("https://sign.in/start?a=b#c");
  });

  it.each([
    ["/oauth2/start?rd=%2F", "http://a.com/x/y", "/oauth2/start?rd=%2F"],
    ["login", "http://a.com/x/y?z", "/x/login"],
    ["../login?q", "http://a.com/x/y/", "/x/login?q"],
    ["", "http://a.com/x/y", "/x/y"],
    ["//sign.in/start", "http://a.com/x", "//sign.in/start"],
    ["login", "http://a.com//evil.com/x", "/evil.com/login"],
    ["https://sign.in/\r\nX: y", "http://a.com/", "https://sign.in/%0D%0AX:%20y"],
    ["https://sign.in/?rd={url}&x=$host", "http://a.com/", "https://sign.in/?rd=%7Burl%7D&x=$host"],
  ])("%j asked at %s: %s", async (authSigninURL, url, location) => {
    const { response } = await ask({ authSigninURL }, { url }, refusal(401));
    expect([response.status, response.headers.get("location")]).toEqual([302, location]);
  });

  it.each([302, 307, 403, 407, 500])("but %i goes to the client as it is", async (status) => {
    const { origin, response } = await ask({ authSigninURL: "https://sign.in/" }, {}, refusal(status));
    expect([origin, response.status, await response.text()]).toEqual([undefined, status, "log in"]);
    expect(response.headers.get("set-cookie")).toBe("a=1");
  });

  it("nor is who cannot be asked about, or whose body is too long", async () => {
    const more = { authSigninURL: "https://sign.in/" };
    expect((await ask(more, {}, () => Promise.reject(new Error("away")))).response.status).toBe(500);
    const long = { ...more, forwardBody: true, maxBodySize: 1 };
    expect((await ask(long, { method: "PUT", body: "content" })).response.status).toBe(401);
    expect((await ask({ ...more, maxResponseBodySize: 5 }, {}, refusal(401))).response.status).toBe(401);
    expect((await ask({ ...more, maxResponseBodySize: 6 }, {}, refusal(401))).response.status).toBe(302);
  });

  it("a WebSocket as well", async () => {
    const { response } = await ask({ authSigninURL: "/in" }, { headers: { Upgrade: "websocket" } }, refusal(401));
    expect(response.status).toBe(302);
  });
});

describe("what the client gets", () => {
  it.each([
    [{}, "/login?x", "http://auth.default.svc:9091/login?x"],
    [{}, "https://login.example.com/", "https://login.example.com/"],
    [{ preserveLocationHeader: true }, "/login?x", "/login?x"],
  ])("%j: the server's answer as it is, with its Location %s", async (more, location, sent) => {
    const headers = cookies("a=1", "b=2");
    headers.set("Location", location);
    headers.set("WWW-Authenticate", "Bearer");
    headers.set("Keep-Alive", "timeout=5");
    const { origin, response } = await ask(more, {}, () => new Response("log in", { status: 302, headers }));
    expect([origin, response.status, await response.text(), response.headers.get("location")]).toEqual([
      undefined,
      302,
      "log in",
      sent,
    ]);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect([response.headers.get("www-authenticate"), response.headers.get("keep-alive")]).toEqual(["Bearer", null]);
  });

  it.each([300, 304, 401, 403, 500])("%i lets nobody pass", async (status) => {
    const { origin, response } = await ask({}, {}, () => new Response(null, { status }));
    expect([origin, response.status]).toEqual([undefined, status]);
  });

  it.each([200, 204, 299])("%i lets pass", async (status) => {
    const { response } = await ask({}, {}, () => new Response(null, { status }));
    expect([response.status, await response.text()]).toEqual([200, "origin"]);
  });

  it("500, when the server cannot be asked", async () => {
    const failing = await ask({}, {}, () => Promise.reject(new Error("away")));
    expect([failing.origin, failing.response.status]).toEqual([undefined, 500]);
    const options = minimalOptions.forwardAuth;
    const service: Handler = async (exchange) => {
      exchange.failure = "no-endpoint";
      return new Response("looks well");
    };
    const wrap = buildMiddlewares({ it: options }, () => service, testRuntime())("it");
    expect((await wrap(async () => new Response("origin"))(exchangeOf({}))).status).toBe(500);
  });

  it("401, when the server's refusal is longer than it may be", async () => {
    const refusal = () => new Response("x".repeat(100), { status: 403 });
    expect((await ask({ maxResponseBodySize: 99 }, {}, refusal)).response.status).toBe(401);
    const whole = await ask({ maxResponseBodySize: 100 }, {}, refusal);
    expect([whole.response.status, (await whole.response.text()).length]).toEqual([403, 100]);
  });

  it("401, when an answer that lets pass is longer than it may be, and 500 when it breaks off", async () => {
    const passing = () => new Response("x".repeat(100));
    expect((await ask({ maxResponseBodySize: 99 }, {}, passing)).response.status).toBe(401);
    expect((await ask({ maxResponseBodySize: 100 }, {}, passing)).origin).toBeDefined();
    for (const status of [200, 401]) {
      const cut = () => new Response(new ReadableStream({ pull: (it) => it.error(new Error("cut")) }), { status });
      const { origin, response } = await ask({ maxResponseBodySize: 100 }, {}, cut);
      expect([origin, response.status]).toEqual([undefined, 500]);
    }
  });

  it("cookies of the server where it may set them, in place of the service's", async () => {
    const { response } = await ask(
      { addAuthCookiesToResponse: ["session", "csrf"] },
      {},
      () => new Response(null, { headers: cookies("session=new; Path=/", "other=1") }),
      () => new Response("origin", { headers: cookies("session=old", "cart=2") }),
    );
    expect(response.headers.getSetCookie()).toEqual(["cart=2", "session=new; Path=/"]);
  });
});

it("a failure of the service behind is passed on", async () => {
  const wrap = buildMiddlewares(
    { it: { ...minimalOptions.forwardAuth, forwardBody: true } },
    () => async () => new Response(null),
    testRuntime(),
  )("it");
  const exchange = exchangeOf({ method: "POST", body: "x" });
  await wrap(async (passed) => {
    passed.failure = "unreachable";
    return new Response(null, { status: 502 });
  })(exchange);
  expect(exchange.failure).toBe("unreachable");
});

it.each([
  [{ authResponseHeaders: ["a b"] }],
  [{ authResponseHeadersRegex: "(" }],
  [{ address: "auth" }],
  [{ headerField: "a b" }],
  [{ authSigninURL: "javascript:alert(1)" }],
  [{ authSigninURL: "https://" }],
])("refuses %j", (more) => {
  const options = { ...minimalOptions.forwardAuth, ...more };
  expect(() => buildMiddlewares({ it: options }, () => async () => new Response(null))("it")).toThrow(
    "cannot be built",
  );
});
