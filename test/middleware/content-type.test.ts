import { describe, expect, it } from "vitest";
import { sniffContentType } from "../../src/middleware/sniff-content-type.ts";
import { run } from "./run-middleware.ts";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe("the type of a body", () => {
  it.each([
    ["", "text/plain; charset=utf-8"],
    ["plain", "text/plain; charset=utf-8"],
    ['{"a":1}', "text/plain; charset=utf-8"],
    ["<!DOCTYPE html>", "text/html; charset=utf-8"],
    ["\r\n <HtMl><b>", "text/html; charset=utf-8"],
    ["<!--x", "text/html; charset=utf-8"],
    ["<a", "text/plain; charset=utf-8"],
    ["<abbr>", "text/plain; charset=utf-8"],
    ['<?xml version="1.0"?>', "text/xml; charset=utf-8"],
    ["%PDF-1.7", "application/pdf"],
    ["\xef\xbb\xbfx", "text/plain; charset=utf-8"],
    ["\xfe\xff\0a", "text/plain; charset=utf-16be"],
    ["GIF89a", "image/gif"],
    ["\x89PNG\r\n\x1a\n\0", "image/png"],
    ["\xff\xd8\xff\xe0", "image/jpeg"],
    ["RIFF\x01\x02\x03\x04WEBPVP8 ", "image/webp"],
    ["RIFF\x01\x02\x03\x04WAVEfmt ", "audio/wave"],
    ["\0\0\0\x18ftypmp42", "video/mp4"],
    ["\x1f\x8b\x08\0", "application/x-gzip"],
    ["PK\x03\x04", "application/zip"],
    ["\0asm\x01", "application/wasm"],
    ["a\0b", "application/octet-stream"],
    ["\x01", "application/octet-stream"],
  ])("%j: %s", (text, type) => {
    expect(sniffContentType(bytes(text))).toBe(type);
  });

  it("is told by the first 512 bytes, also of a body of megabytes", () => {
    expect(sniffContentType(bytes(`${"x".repeat(512)}\0`))).toBe("text/plain; charset=utf-8");
    expect(sniffContentType(new Uint8Array(4_000_000))).toBe("application/octet-stream");
  });
});

/** An answer in chunks that says of itself only what `headers` say. */
function answerOf(chunks: string[], headers: Record<string, string> = {}): () => Response {
  const parts = chunks.map(bytes);
  return () => new Response(ReadableStream.from(parts) as ReadableStream<Uint8Array>, { headers });
}

const options = { type: "contentType", autoDetect: true } as const;

describe("contentType", () => {
  it("tells what the origin did not, and passes the body on as it is", async () => {
    const { response } = await run(options, {}, answerOf(["<html><b", "ody>", "\xff"], { ETag: "x" }));
    expect([response.headers.get("content-type"), response.headers.get("etag")]).toEqual([
      "text/html; charset=utf-8",
      "x",
    ]);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes("<html><body>\xff"));
  });

  it.each([
    ["a type", { "Content-Type": "x/y" }, "x/y"],
    ["an encoding", { "Content-Encoding": "br" }, null],
  ])("leaves an answer with %s alone", async (_, headers, type) => {
    const { response } = await run(options, {}, answerOf(["<html>"], headers));
    expect(response.headers.get("content-type")).toBe(type);
    expect(await response.text()).toBe("<html>");
  });

  it("tells nothing of an empty body", async () => {
    for (const answer of [answerOf([]), () => new Response(null, { status: 204 })]) {
      expect((await run(options, {}, answer)).response.headers.get("content-type")).toBeNull();
    }
  });

  it("tells nothing when it is not to", async () => {
    const { response } = await run({ ...options, autoDetect: false }, {}, answerOf(["<html>"]));
    expect(response.headers.get("content-type")).toBeNull();
  });

  it("passes on what breaks off before its first byte", async () => {
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("cut")) });
    const { response } = await run(options, {}, () => new Response(broken, { headers: { ETag: "x" } }));
    expect([response.status, response.headers.get("etag"), response.headers.get("content-type")]).toEqual([
      200,
      "x",
      null,
    ]);
    await expect(response.text()).rejects.toThrow("cut");
  });

  it("reads a chunk ahead of the client at most, and ends the origin's body with the client's", async () => {
    let pulled = 0;
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(bytes("x"));
        },
        cancel() {
          isCancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const { response } = await run(options, {}, () => new Response(body));
    expect(pulled).toBeLessThanOrEqual(2);
    await response.body?.cancel("enough");
    expect(isCancelled).toBe(true);
  });
});
