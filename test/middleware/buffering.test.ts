import { describe, expect, it } from "vitest";
import type { Handler } from "../../src/exchange/exchange.ts";
import { bodyOf } from "../../src/exchange/fork-exchange.ts";
import { build, exchangeOf } from "./run-middleware.ts";

const bytes = (length: number): Uint8Array => new Uint8Array(length);

/** In chunks of a byte each, without a length. */
function chunks(length: number, onCancel: (reason: unknown) => void = () => {}): ReadableStream<Uint8Array> {
  let left = length;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (left-- > 0) controller.enqueue(bytes(1));
        else controller.close();
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  );
}

/** Sends a body; the origin reads all of it before it answers. */
async function send(
  limits: { request?: number; response?: number },
  { body, length, method = "POST" }: { body?: ReadableStream<Uint8Array>; length?: number; method?: string },
  answer: () => Response = () => new Response("origin"),
) {
  let received: number | undefined;
  const next: Handler = async (exchange) => {
    const sent = bodyOf(exchange);
    received = sent === null ? 0 : (await new Response(sent).arrayBuffer()).byteLength;
    return answer();
  };
  const headers: Record<string, string> = length === undefined ? {} : { "Content-Length": String(length) };
  const exchange = exchangeOf({ method, headers });
  if (body !== undefined) Object.assign(exchange, { body });
  const { request: maxRequestBodyBytes = 0, response: maxResponseBodyBytes = 0 } = limits;
  const wrap = build({ type: "buffering", maxRequestBodyBytes, maxResponseBodyBytes });
  const response = await wrap(next)(exchange);
  return { status: response.status, received, response, exchange };
}

describe("a request's body", () => {
  it.each([
    [10, 10, 200],
    [10, 11, 413],
    [0, 11, 200],
    [-1, 11, 200],
  ])("with a limit of %i, and %i bytes: %i", async (request, length, status) => {
    const known = await send({ request }, { body: chunks(length), length });
    expect([known.status, known.received]).toEqual([status, status === 413 ? undefined : length]);
    expect((await send({ request }, { body: chunks(length) })).status).toBe(status);
  });

  it("is read no further than its limit", async () => {
    let cancelled: unknown;
    const endless = chunks(Number.POSITIVE_INFINITY, (reason) => {
      cancelled = reason;
    });
    expect([(await send({ request: 5 }, { body: endless })).status, cancelled]).toEqual([413, "too large"]);
  });

  it("that is too long is no failure of the service", async () => {
    const wrap = build({ type: "buffering", maxRequestBodyBytes: 1, maxResponseBodyBytes: 0 });
    const exchange = exchangeOf({ method: "POST" });
    Object.assign(exchange, { body: chunks(5) });
    const response = await wrap(async (passed) => {
      await new Response(bodyOf(passed)).arrayBuffer().catch(() => {});
      passed.failure = "broken";
      return new Response(null, { status: 502 });
    })(exchange);
    expect([response.status, exchange.failure]).toEqual([413, undefined]);
  });

  it("another failure stays one", async () => {
    const failing = build({ type: "buffering", maxRequestBodyBytes: 9, maxResponseBodyBytes: 0 });
    const exchange = exchangeOf({ method: "POST" });
    Object.assign(exchange, { body: chunks(5) });
    await failing(async (passed) => {
      passed.failure = "unreachable";
      return new Response(null, { status: 502 });
    })(exchange);
    expect(exchange.failure).toBe("unreachable");
  });
});

describe("an answer's body", () => {
  it.each([
    [10, 10, 200],
    [10, 11, 500],
    [0, 11, 200],
  ])("with a limit of %i, and %i bytes that it says: %i", async (response, length, status) => {
    const answer = () => new Response("x".repeat(length), { headers: { "Content-Length": String(length) } });
    expect((await send({ response }, {}, answer)).status).toBe(status);
  });

  it("is cut where it turns out to be too long", async () => {
    const { status, response } = await send({ response: 10 }, {}, () => new Response(chunks(11)));
    expect(status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow("longer than 10 bytes");
    const whole = await send({ response: 10 }, {}, () => new Response(chunks(10)));
    expect((await whole.response.arrayBuffer()).byteLength).toBe(10);
  });

  it("of a HEAD is none, whatever its length", async () => {
    const answer = () => new Response(null, { headers: { "Content-Length": "1000" } });
    expect((await send({ response: 10 }, { method: "HEAD" }, answer)).status).toBe(200);
  });
});
