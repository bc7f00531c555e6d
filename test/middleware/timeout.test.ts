import { describe, expect, it } from "vitest";
import type { Handler } from "../../src/exchange/exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import { bareRuntime } from "../../src/middleware/runtime.ts";
import { exchangeOf } from "./run-middleware.ts";

/** A clock whose timers go off by hand. */
function createClock() {
  let now = 1_000;
  const timers: { at: number; controller: AbortController }[] = [];
  return {
    now: () => now,
    timeout(ms: number): AbortSignal {
      const controller = new AbortController();
      timers.push({ at: now + ms, controller });
      return controller.signal;
    },
    advance(ms: number): void {
      now += ms;
      for (const { at, controller } of timers) {
        if (at <= now) controller.abort(new DOMException("The time is over", "TimeoutError"));
      }
    },
  };
}

function rig(requestMs: number) {
  const clock = createClock();
  const runtime = { ...bareRuntime(), now: clock.now, timeout: clock.timeout };
  const look = buildMiddlewares(
    { limits: { type: "timeout", requestMs, backendRequestMs: 0 } },
    () => async () => new Response(),
    runtime,
  );
  const exchange = exchangeOf({});
  return { clock, exchange, handle: (next: Handler) => look("limits")(next)(exchange) };
}

/** Never answers, and rejects as a fetch does that is aborted. */
const hang: Handler = ({ signal }) =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));

describe("timeout", () => {
  it("answers 504 when its time is over, and gives up what is behind it", async () => {
    const { clock, exchange, handle } = rig(5_000);
    let reason: unknown;
    const answer = handle((held) => {
      held.signal?.addEventListener("abort", () => {
        reason = held.signal?.reason;
      });
      return hang(held);
    });
    clock.advance(5_000);
    expect((await answer).status).toBe(504);
    expect(await (await answer).text()).toBe("Gateway Timeout");
    expect(exchange.failure).toBe("timeout");
    expect(reason).toMatchObject({ name: "TimeoutError" });
  });

  it("waits a moment longer for a gateway that has the request, and answers 504 itself", async () => {
    const { clock, exchange, handle } = rig(5_000);
    const gateway = Promise.withResolvers<Response>();
    const answer = handle((held) => {
      expect(held.guards?.map(({ middleware, key }) => [middleware, key])).toEqual([["limits", ""]]);
      return gateway.promise;
    });
    clock.advance(5_000);
    gateway.resolve(new Response("by the gateway", { status: 504 }));
    expect(await (await answer).text()).toBe("by the gateway");
    expect(exchange.failure).toBeUndefined();
  });

  it("does not wait forever for a gateway", async () => {
    const { clock, handle } = rig(5_000);
    const answer = handle((held) => {
      void held.guards?.[0]?.key;
      return hang(held);
    });
    clock.advance(5_000);
    clock.advance(500);
    expect((await answer).status).toBe(504);
  });

  it("tells the gateway how long the edge took, in steps", async () => {
    const { clock, handle } = rig(5_000);
    const keys: (string | undefined)[] = [];
    await handle(async ({ guards }) => {
      for (const ms of [9, 1, 234]) {
        clock.advance(ms);
        keys.push(guards?.[0]?.key);
      }
      return new Response();
    });
    expect(keys).toEqual(["", "10", "240"]);
  });

  it("leaves an answer alone that has begun", async () => {
    const { clock, exchange, handle } = rig(5_000);
    let isAborted = false;
    const answer = await handle(async (held) => {
      held.signal?.addEventListener("abort", () => {
        isAborted = true;
      });
      held.failure = "broken";
      return new Response("begun", { status: 502 });
    });
    clock.advance(60_000);
    expect([answer.status, await answer.text(), isAborted, exchange.failure]).toEqual([502, "begun", false, "broken"]);
    expect(exchange.guards).toBeUndefined();
  });

  it("passes on what goes wrong behind it", async () => {
    await expect(rig(5_000).handle(() => Promise.reject(new Error("origin")))).rejects.toThrow("origin");
  });

  it("throws away an answer that comes too late", async () => {
    const { clock, handle } = rig(5_000);
    const late = Promise.withResolvers<Response>();
    const cancelled = Promise.withResolvers<unknown>();
    const answer = handle(() => late.promise);
    clock.advance(5_000);
    expect((await answer).status).toBe(504);
    late.resolve(new Response(new ReadableStream({ cancel: cancelled.resolve })));
    await cancelled.promise;
  });

  it("without a time for the request only tells the gateway", async () => {
    const { exchange, handle } = rig(0);
    await handle(async (held) => {
      expect(held).toBe(exchange);
      expect(held.guards).toEqual([{ middleware: "limits", key: "" }]);
      return new Response();
    });
  });
});
