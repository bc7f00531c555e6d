import { describe, expect, it } from "vitest";
import type { Exchange, Handler } from "../../src/exchange/exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { minimalOptions } from "./minimal-options.ts";
import { exchangeOf, type Sent } from "./run-middleware.ts";

const showPage = async () =>
  new Response("page", { status: 200, headers: { "Content-Type": "text/html", "X-Page": "1" } });

async function ask(
  more: Partial<MiddlewareOptions<"errors">>,
  status: number,
  sent: Sent = {},
  page: Handler = showPage,
) {
  const asked: Exchange[] = [];
  const service: Handler = (exchange) => {
    asked.push(exchange);
    return page(exchange);
  };
  const wrap = buildMiddlewares({ it: { ...minimalOptions.errors, ...more } }, () => service)("it");
  const exchange = exchangeOf(sent);
  const response = await wrap(async () => {
    const body = [101, 204, 304].includes(status) ? null : "origin";
    return new Response(body, { status, headers: { "X-Origin": "1" } });
  })(exchange);
  const { path, query, host, headers, request } = asked[0] ?? {};
  return {
    asked,
    target: asked.length === 0 ? undefined : `${request?.method} ${host}${path}${query}`,
    headers: Object.fromEntries(headers?.current ?? []),
    status: response.status,
    text: await response.text(),
    response,
  };
}

describe("which answers get a page", () => {
  it.each([
    [["500-599"], 500, true],
    [["500-599"], 599, true],
    [["500-599"], 499, false],
    [["404", "500"], 404, true],
    [["404", "500"], 200, false],
    [["200"], 200, true],
    [[], 500, false],
  ])("%j: %i %s", async (statuses, status, hasPage) => {
    const answer = await ask({ status: statuses }, status);
    expect([answer.status, answer.text]).toEqual([status, hasPage ? "page" : "origin"]);
    expect([answer.response.headers.get("x-page"), answer.response.headers.get("x-origin")]).toEqual(
      hasPage ? ["1", null] : [null, "1"],
    );
  });

  it.each([
    [{ "404": 200 }, 404, 200],
    [{ "500-502": 503, "500": 418 }, 500, 418],
    [{ "401": 403 }, 500, 500],
    [{ "500": 204 }, 500, 204],
  ])("rewritten by %j: %i becomes %i", async (statusRewrites, status, code) => {
    const answer = await ask({ status: ["400-599"], statusRewrites }, status);
    expect([answer.status, answer.text]).toEqual([code, code === 204 ? "" : "page"]);
  });

  it("not the opening of a WebSocket", async () => {
    // Node has no Response of that status.
    const opening = { status: 101 } as Response;
    const wrap = buildMiddlewares({ it: { ...minimalOptions.errors, status: ["100-599"] } }, () => showPage)("it");
    expect(await wrap(async () => opening)(exchangeOf({}))).toBe(opening);
  });

  it("none whose page cannot be had: then it stays as it is", async () => {
    const failing: Handler[] = [
      () => Promise.reject(new Error("away")),
      async (exchange) => {
        exchange.failure = "unreachable";
        return new Response("no page", { status: 502 });
      },
    ];
    for (const page of failing) {
      const answer = await ask({}, 500, {}, page);
      expect([answer.status, answer.text]).toEqual([500, "origin"]);
    }
  });

  it("a page that is itself an error shows what it says, with the status of the answer", async () => {
    const answer = await ask({}, 503, {}, async () => new Response("no such page", { status: 404 }));
    expect([answer.status, answer.text]).toEqual([503, "no such page"]);
  });
});

describe("what the page is asked for by", () => {
  const url = "https://shop.com/a%20b?c=d&e=f";
  it.each([
    ["/{status}.html", "GET shop.com/503.html"],
    ["{status}", "GET shop.com/503"],
    ["/?was={originalStatus}&now={status}", "GET shop.com/?was=500&now=503"],
    ["/e?u={url}&{other}", "GET shop.com/e?u=https%3A%2F%2Fshop.com%2Fa%2520b%3Fc%3Dd%26e%3Df&{other}"],
    ["", "GET shop.com/"],
  ])("%s: %s", async (query, target) => {
    expect((await ask({ query, statusRewrites: { "500": 503 } }, 500, { url, method: "POST", body: "x" })).target).toBe(
      target,
    );
  });

  it("the URL that the client asked for, whatever those behind it made of it", async () => {
    let target = "";
    const page: Handler = async ({ path, query }) => {
      target = `${path}${query}`;
      return showPage();
    };
    const wrap = buildMiddlewares({ it: { ...minimalOptions.errors, query: "/?{url}" } }, () => page)("it");
    await wrap(async (exchange) => {
      exchange.path = "/stripped";
      exchange.query = "?other";
      exchange.host = "pod.local";
      return new Response("origin", { status: 500 });
    })(exchangeOf({ url: "https://shop.com/api?c=d" }));
    expect(target).toBe(`/?${encodeURIComponent("https://shop.com/api?c=d")}`);
  });

  it("nothing of the client's URL becomes a placeholder", async () => {
    const answer = await ask({ query: "/{url}" }, 500, { url: "http://a.com/{status}" });
    expect(answer.target).toBe("GET a.com/http%3A%2F%2Fa.com%2F%7Bstatus%7D");
  });

  const sent = { Cookie: "a=1", "If-None-Match": "x", Range: "bytes=0-1", "Content-Type": "a/b", Upgrade: "websocket" };
  it("the client's headers, without those of its body and its connection", async () => {
    expect((await ask({}, 500, { headers: sent })).headers).toEqual({ cookie: "a=1" });
  });

  it("only the headers that are asked for", async () => {
    const headers = { Cookie: "a=1", "Accept-Language": "de" };
    expect((await ask({ errorRequestHeaders: ["accept-LANGUAGE"] }, 500, { headers })).headers).toEqual({
      "accept-language": "de",
    });
    expect((await ask({ errorRequestHeaders: [] }, 500, { headers })).headers).toEqual({});
  });

  it("the client itself, which is trusted no more than before", async () => {
    const { asked } = await ask({}, 500, { headers: { "X-Forwarded-For": "203.0.113.1" } });
    expect(asked[0]?.client).toEqual({ address: "192.0.2.1", trusted: false });
  });
});

it.each([
  [{ status: ["5xx"] }],
  [{ status: ["404,500"] }],
  [{ statusRewrites: { a: 200 } }],
  [{ statusRewrites: { "500": 99 } }],
])("refuses %j", (more) => {
  const options = { ...minimalOptions.errors, ...more } as MiddlewareOptions<"errors">;
  expect(() => buildMiddlewares({ it: options }, () => showPage)("it")).toThrow("cannot be built");
});
