import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { minimalOptions } from "./minimal-options.ts";

// Node has no answer of status 101, and knows no length of a stream: that each middleware keeps both is shown in workerd
// itself.

let miniflare: Miniflare;
let edge: URL;

beforeAll(async () => {
  const bundle = await build({
    entryPoints: [new URL("workerd-entry.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    target: "es2024",
    write: false,
  });
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          name: "edge",
          modules: true,
          script: bundle.outputFiles[0]?.text ?? "",
          compatibilityDate: "2026-11-17",
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        },
      ],
    }),
  );
  edge = await miniflare.unsafeGetDirectURL("edge");
});

afterAll(() => miniflare.dispose());

/** Those that answer by themselves whoever comes without more than these options. */
const answering = new Set(["requestRedirect", "basicAuth", "digestAuth", "jwt"]);
const passing = Object.keys(minimalOptions).filter((type) => !answering.has(type));

it.each(passing)("%s keeps a WebSocket and its cookie", async (type) => {
  const socket = new WebSocket(new URL(type, edge).href.replace("http", "ws"));
  const upgraded = once(socket, "upgrade") as Promise<[IncomingMessage]>;
  await once(socket, "open");
  const echoed = once(socket, "message");
  socket.send("hello");
  expect(String((await echoed)[0])).toBe("echo hello");
  expect((await upgraded)[0].headers["set-cookie"]).toEqual(["a=1"]);
  socket.close();
  await once(socket, "close");
});

it.each(passing)("%s keeps the length of an answer", async (type) => {
  const answer = await fetch(new URL(`${type}?sized`, edge));
  expect([answer.status, answer.headers.get("content-length"), await answer.text()]).toEqual([200, "10", "0123456789"]);
});
