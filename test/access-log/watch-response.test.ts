import { describe, expect, it, vi } from "vitest";
import { watchResponse } from "../../src/access-log/watch-response.ts";

/** A stream that the test feeds. */
function source() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const cancelled = vi.fn();
  const stream = new ReadableStream<Uint8Array>({
    start(its) {
      controller = its;
    },
    cancel: cancelled,
  });
  const send = (text: string): void => controller?.enqueue(new TextEncoder().encode(text));
  return { stream, send, cancelled, end: () => controller?.close(), fail: () => controller?.error(new Error("cut")) };
}

const fixedLength = () => new TransformStream<Uint8Array, Uint8Array>();

function watch(response: Response, options: { method?: string; isStreamed?: boolean } = {}) {
  const ended = vi.fn<(bytes: number | undefined) => void>();
  const works: Promise<unknown>[] = [];
  const watched = watchResponse(response, {
    method: "GET",
    isStreamed: true,
    fixedLength,
    waitUntil: (work) => works.push(work),
    ended,
    ...options,
  });
  return { watched, ended, settled: () => Promise.all(works) };
}

describe("answers that are over when they begin", () => {
  const gzip = { "content-encoding": "gzip", "content-length": "9" };
  it.each<[string, Response, { method?: string; isStreamed?: boolean }, number | undefined]>([
    ["no body", new Response(null, { status: 204 }), {}, 0],
    ["HEAD", new Response("text", { headers: { "content-length": "9" } }), { method: "HEAD" }, 0],
    ["encoded", new Response("text", { headers: gzip }), {}, 9],
    ["made here", new Response("text"), { isStreamed: false }, undefined],
  ])("%s", (_, response, options, bytes) => {
    const { watched, ended } = watch(response, options);
    expect(watched).toBe(response);
    expect(ended.mock.calls).toEqual([[bytes]]);
  });
});

describe("answers with a body", () => {
  it("are counted as they pass, and over when the last byte has", async () => {
    const { stream, send, end } = source();
    const { watched, ended, settled } = watch(new Response(stream, { status: 201, headers: { "x-a": "1" } }));
    expect(watched.status).toBe(201);
    expect(watched.headers.get("x-a")).toBe("1");
    send("one");
    send("three");
    expect(ended).not.toHaveBeenCalled();
    end();
    expect(await watched.text()).toBe("onethree");
    await settled();
    expect(ended.mock.calls).toEqual([[8]]);
  });

  it("pass with their length where it is known", async () => {
    const { stream, send, end } = source();
    const { watched, ended, settled } = watch(new Response(stream, { headers: { "content-length": "3" } }));
    send("one");
    end();
    expect(await watched.text()).toBe("one");
    await settled();
    expect(ended.mock.calls).toEqual([[3]]);
  });

  it("end for the origin when the client goes away", async () => {
    const { stream, send, cancelled } = source();
    const { watched, ended, settled } = watch(new Response(stream));
    send("one");
    await watched.body?.cancel("gone");
    await settled();
    expect(cancelled).toHaveBeenCalledOnce();
    expect(ended.mock.calls).toEqual([[undefined]]);
  });

  it("end for the client when the origin's is cut", async () => {
    const { stream, send, fail } = source();
    const { watched, ended, settled } = watch(new Response(stream));
    send("one");
    fail();
    await expect(watched.text()).rejects.toThrow("cut");
    await settled();
    expect(ended.mock.calls).toEqual([[undefined]]);
  });
});
