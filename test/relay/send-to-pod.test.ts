import type { IncomingMessage } from "node:http";
import { IncomingMessage as Message, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Dispatcher } from "undici";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Http1Exchange } from "../../relay/origin-gateway/http1-exchange.ts";
import { sendToPod } from "../../relay/origin-gateway/send-to-pod.ts";

/** A connection that never comes to stand, unless the test says so. */
function dialling() {
  let handler: Dispatcher.DispatchHandler | undefined;
  const released: boolean[] = [];
  const dispatcher = {
    dispatch(_: unknown, given: Dispatcher.DispatchHandler) {
      handler = given;
    },
  };
  return {
    connection: { dispatcher, isReused: false, release: (isReusable: boolean) => released.push(isReusable) },
    released,
    handler: () => handler ?? expect.fail("nothing was dispatched"),
  };
}

function exchange() {
  const request: IncomingMessage = new Message(new Socket());
  request.method = "GET";
  const response = new ServerResponse(request);
  return { response, client: new Http1Exchange(request, response) };
}

const controller = () => ({
  abort: vi.fn(),
  pause: vi.fn(),
  resume: vi.fn(),
  aborted: false,
  paused: false,
  reason: null,
});
const rest = { upgrade: undefined, headers: [], answerHeaders: [], answerTimeoutMs: 0, isConnectionKept: true };

describe("an attempt", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is given up when no connection comes in time, and what comes later is not used", async () => {
    const { connection, released, handler } = dialling();
    const outcome = sendToPod(connection, { client: exchange().client, ...rest, dialTimeoutMs: 3_000 });
    vi.advanceTimersByTime(2_999);
    expect(released).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await outcome).toEqual({ kind: "refused" });
    expect(released).toEqual([false]);
    const late = controller();
    handler().onRequestStart?.(late, undefined);
    expect(late.abort).toHaveBeenCalledOnce();
  });

  it.each([
    ["ERR_HTTP2_INVALID_CONNECTION_HEADERS", { kind: "failed", failure: "broken" }],
    ["UND_ERR_INVALID_ARG", { kind: "failed", failure: "broken" }],
    ["ECONNREFUSED", { kind: "refused" }],
  ])("says something of the Pod only when the request could be written down: %s", async (code, expected) => {
    const { connection, handler } = dialling();
    const outcome = sendToPod(connection, { client: exchange().client, ...rest, dialTimeoutMs: undefined });
    handler().onResponseError?.(controller(), Object.assign(new Error(code), { code }));
    expect(await outcome).toEqual(expected);
  });

  it("waits as long as it takes once the connection stands", async () => {
    const { connection, released, handler } = dialling();
    const { client } = exchange();
    const outcome = sendToPod(connection, { client, ...rest, dialTimeoutMs: 3_000 });
    handler().onRequestStart?.(controller(), undefined);
    handler().onRequestSent?.();
    vi.advanceTimersByTime(3_600_000);
    expect(released).toEqual([]);
    handler().onResponseError?.(controller(), new Error("over"));
    expect(await outcome).toEqual({ kind: "failed", failure: "broken" });
  });

  it("is abandoned by a client that goes away while it dials", async () => {
    const { connection, released, handler } = dialling();
    const { client, response } = exchange();
    const outcome = sendToPod(connection, { client, ...rest, dialTimeoutMs: undefined });
    response.emit("close");
    expect(await outcome).toEqual({ kind: "abandoned" });
    expect(released).toEqual([false]);
    const late = controller();
    handler().onRequestStart?.(late, undefined);
    expect(late.abort).toHaveBeenCalledOnce();
  });
});
