import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { Json } from "./api-object.ts";

/** Servers compress what is larger, for clients that take it. */
const COMPRESSED_FROM_BYTES = 128 * 1024;

export function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  code: number,
  body: Json | string,
  headers: Record<string, string> = {},
): void {
  const isText = typeof body === "string";
  const bytes = Buffer.from(isText ? body : JSON.stringify(body));
  const isLarge = bytes.length > COMPRESSED_FROM_BYTES;
  const isCompressed = isLarge && /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
  response.writeHead(code, {
    "content-type": isText ? "text/plain; charset=utf-8" : "application/json",
    ...(isCompressed ? { "content-encoding": "gzip" } : {}),
    ...headers,
  });
  response.end(isCompressed ? gzipSync(bytes, { level: 1 }) : bytes);
}
