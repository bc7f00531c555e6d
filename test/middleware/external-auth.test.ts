import { describe, expect, it } from "vitest";
import type { Handler } from "../../src/exchange/exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { askServer } from "./ask-server.ts";
import { minimalOptions } from "./minimal-options.ts";
import { exchangeOf } from "./run-middleware.ts";

type Options = MiddlewareOptions<"externalAuth">;

const ask = askServer((more: Partial<Options>) => ({ ...minimalOptions.externalAuth, ...more }));

const says =
  (headers: Record<string, string>, status = 200) =>
  () =>
    new Response(status === 204 ? null : "said", { status, headers });

describe("what the server is asked", () => {
  const headers = { Authorization: "Bearer x", Cookie: "s=1", "X-Team": "a", Transfer_Encoding: "chunked" };

  it("for what the client asks for, under a prefix, with the client's method and credentials", async () => {
    const { question } = await ask(
      { path: "/check" },
      { url: "https://shop.com:8443/a%20b?c=d", method: "DELETE", headers },
    );
    expect(question).toEqual({
      url: "https://shop.com:8443/check/a%20b?c=d",
      method: "DELETE",
      headers: { authorization: "Bearer x" },
      body: undefined,
    });
  });

  it("with the headers that it may see, and none of the connection's", async () => {
    const allowedHeaders = ["X-TEAM", "cookie", "transfer_encoding", "X-None"];
    const { question } = await ask({ allowedHeaders }, { headers });
    expect(question?.headers).toEqual({ authorization: "Bearer x", cookie: "s=1", "x-team": "a" });
  });

  it.each([
    [0, "PUT", undefined],
    [7, "PUT", "content"],
    [100, "POST", "content"],
  ])("with a body of up to %i bytes", async (maxBodySize, method, body) => {
    const { question, origin } = await ask({ maxBodySize }, { method, body: "content" });
    expect([question?.body, origin?.body]).toEqual([body, "content"]);
  });

  it("nothing about a body that is longer", async () => {
    const { question, origin, response } = await ask({ maxBodySize: 6 }, { method: "PUT", body: "content" });
    expect([question, origin, response.status]).toEqual([undefined, undefined, 413]);
    const bomb = { method: "PUT", body: "x".repeat(4 * 1024 * 1024 + 1) };
    expect((await ask({ maxBodySize: 2 ** 31 }, bomb)).response.status).toBe(413);
  });
});

describe("what the service is told", () => {
  it("the headers that are named, in place of the client's in any spelling", async () => {
    const forged = { "x-user": "forged", X_User: "forged", "X-Role": "forged", "X-Other": "kept" };
    const allowedResponseHeaders = ["X-User", "x-role"];
    const { origin } = await ask(
      { allowedResponseHeaders },
      { headers: forged },
      says({ "X-User": "alice", Etag: "1" }),
    );
    expect(origin?.headers).toEqual({ "x-user": "alice", "x-other": "kept" });
  });

  it("all headers where none are named, but for those about the answer", async () => {
    const sent = { headers: { X_User: "forged", "Content-Type": "text/csv", "X-Other": "kept", Host: "a.com" } };
    const said = { "X-User": "alice", "Set-Cookie": "a=1", "Content-Length": "4", Connection: "close", Host: "evil" };
    const { origin } = await ask({}, sent, says(said));
    expect(origin?.headers).toEqual({
      "x-user": "alice",
      "x-other": "kept",
      "content-type": "text/csv",
      host: "a.com",
    });
  });

  it("never how its message is read", async () => {
    const allowedResponseHeaders = ["Content-Length", "Host", "Transfer-Encoding"];
    const sent = { method: "PUT", body: "content", headers: { "Content-Length": "7", Host: "a.com" } };
    const { origin } = await ask({ allowedResponseHeaders }, sent, says({ "Content-Length": "0", Host: "evil" }));
    expect(origin?.headers).toMatchObject({ "content-length": "7", host: "a.com" });
  });
});

describe("what the client gets", () => {
  it.each([301, 401, 403, 404, 500])("%i of the server, as it is", async (status) => {
    const { origin, response } = await ask({}, {}, says({ Location: "/login", "Keep-Alive": "timeout=5" }, status));
    expect([origin, response.status, await response.text()]).toEqual([undefined, status, "said"]);
    expect([response.headers.get("location"), response.headers.get("keep-alive")]).toEqual(["/login", null]);
  });

  it.each([201, 204, 299])("403 for %i, which is no permission", async (status) => {
    const { origin, response } = await ask({}, {}, says({}, status));
    expect([origin, response.status]).toEqual([undefined, 403]);
  });

  it("500, when the server cannot be asked", async () => {
    const away = await ask({}, {}, () => Promise.reject(new Error("away")));
    expect([away.origin, away.response.status]).toEqual([undefined, 500]);
    const service: Handler = async (exchange) => {
      exchange.failure = "no-endpoint";
      return new Response("looks well");
    };
    const wrap = buildMiddlewares({ it: minimalOptions.externalAuth }, () => service)("it");
    expect((await wrap(async () => new Response("origin"))(exchangeOf({}))).status).toBe(500);
  });
});

it("a failure of the service behind is passed on", async () => {
  const options = { ...minimalOptions.externalAuth, maxBodySize: 10 };
  const wrap = buildMiddlewares({ it: options }, () => async () => new Response(null))("it");
  const exchange = exchangeOf({ method: "POST", body: "x" });
  await wrap(async (passed) => {
    passed.failure = "unreachable";
    return new Response(null, { status: 502 });
  })(exchange);
  expect(exchange.failure).toBe("unreachable");
});

it.each([[{ allowedHeaders: ["a b"] }], [{ allowedResponseHeaders: [""] }]])("refuses %j", (more) => {
  const options = { ...minimalOptions.externalAuth, ...more };
  expect(() => buildMiddlewares({ it: options }, () => async () => new Response(null))("it")).toThrow("header name");
});
