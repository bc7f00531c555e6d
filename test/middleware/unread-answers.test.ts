import { expect, it } from "vitest";
import type { Exchange, Handler } from "../../src/exchange/exchange.ts";
import { bodyOf } from "../../src/exchange/fork-exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import { testRuntime } from "./auth-runtime.ts";
import { minimalOptions } from "./minimal-options.ts";
import { exchangeOf, type Sent } from "./run-middleware.ts";

/** A body that nobody reads, and whether it was let go. */
function unread() {
  const state = { isDropped: false };
  const body = new ReadableStream<Uint8Array>(
    {
      cancel() {
        state.isDropped = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, state };
}

const failing = (exchange: Exchange): void => {
  exchange.failure = "broken";
};

interface Case {
  options: Middleware;
  sent?: Sent;
  /** What the one answers who is not read. */
  status?: number;
  /** Who is not read: the service that is asked beside the request, or the one behind. */
  who: "asked" | "behind";
  does?: (exchange: Exchange) => void | Promise<void>;
}

it.each<[string, Case]>([
  ["forwardAuth, of a gateway", { options: minimalOptions.forwardAuth, who: "asked", status: 502, does: failing }],
  ["forwardAuth, that lets pass", { options: minimalOptions.forwardAuth, who: "asked" }],
  ["externalAuth, of a gateway", { options: minimalOptions.externalAuth, who: "asked", status: 502, does: failing }],
  ["externalAuth, that lets pass", { options: minimalOptions.externalAuth, who: "asked" }],
  ["errors, whose page cannot be had", { options: minimalOptions.errors, who: "asked", status: 502, does: failing }],
  ["errors, that has a page", { options: minimalOptions.errors, who: "behind", status: 500 }],
  [
    "errors, whose status has no body",
    { options: { ...minimalOptions.errors, statusRewrites: { "500": 204 } }, who: "asked" },
  ],
  [
    "jwt, whose keys are not there",
    {
      options: {
        type: "jwt",
        jwksUrl: "https://a.com/keys",
        service: "keys",
        audience: [],
        requiredClaims: {},
        forwardClaims: {},
        removeHeader: false,
      },
      who: "asked",
      status: 404,
      sent: { headers: { Authorization: "Bearer a.b.c" } },
    },
  ],
  [
    "buffering, of a request that turns out to be too long",
    {
      options: { type: "buffering", maxRequestBodyBytes: 3, maxResponseBodyBytes: 0 },
      who: "behind",
      sent: { method: "POST", body: "four" },
      does: (exchange) =>
        new Response(bodyOf(exchange)).text().then(
          () => {},
          () => {},
        ),
    },
  ],
])("an answer that is not read is let go: %s", async (_, { options, sent = {}, status = 200, who, does }) => {
  const { body, state } = unread();
  const silent: Handler = async (exchange) => {
    await does?.(exchange);
    return new Response(body, { status });
  };
  const other: Handler = async () => new Response("other", { status: who === "asked" ? 500 : 200 });
  const asked = who === "asked" ? silent : other;
  const wrap = buildMiddlewares({ it: options }, () => asked, testRuntime())("it");
  await wrap(who === "behind" ? silent : other)(exchangeOf(sent));
  expect(state.isDropped).toBe(true);
});
