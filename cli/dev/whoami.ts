import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { parseGoDuration } from "../../sync-agent/translate/go-duration.ts";
import { startStandInListener } from "./stand-in-listener.ts";

/** A stand-in for a Pod, listening on the loopback. */
export interface WhoamiPod {
  name: string;
  port: number;
  close(): Promise<void>;
}

const MAX_WAIT_MS = 60_000;
/** Longer than any status. */
const MAX_TEXT = 10;

/**
 * Starts a server that tells what reached it, in the form of the well-known whoami: `Hostname`, `IP`, `RemoteAddr`,
 * the request line and the headers as they came. `/health` answers 200, or the status that was last posted there;
 * `?wait=200ms` delays the answer, a WebSocket echoes. So does whatever is not HTTP, over TCP, TLS and UDP; but `WHO` and
 * queries of DNS are told the `Hostname`.
 */
export async function startWhoami(name: string): Promise<WhoamiPod> {
  const pod = { name, health: 200 };
  const server = createServer({ requestTimeout: 0 }, (request, response) => void answer(pod, request, response));
  const webSockets = new WebSocketServer({ noServer: true });
  webSockets.on("connection", (webSocket) => {
    webSocket.on("error", () => webSocket.terminate());
    webSocket.on("message", (data, binary) => webSocket.send(data, { binary }));
  });
  server.on("upgrade", (request, socket, head) =>
    webSockets.handleUpgrade(request, socket, head, (webSocket) => webSockets.emit("connection", webSocket, request)),
  );
  const listener = await startStandInListener(server, name);
  return { name, port: listener.port, close: () => listener.close() };
}

interface Pod {
  name: string;
  /** The status of `/health`. */
  health: number;
}

async function answer(pod: Pod, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path, query] = request.url?.split("?") ?? [];
  const target = new URLSearchParams(query);
  let text = "";
  request.on("data", (chunk: Buffer) => {
    if (text.length < MAX_TEXT) text += chunk.toString("latin1");
  });
  await new Promise((resolve) => request.once("close", resolve));
  const waitMs = parseGoDuration(target.get("wait") ?? "0s") ?? 0;
  if (waitMs > 0) await setTimeout(Math.min(waitMs, MAX_WAIT_MS), undefined, { ref: false });
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  if (path !== "/health") response.end(describeRequest(pod.name, request));
  else if (request.method !== "POST") response.writeHead(pod.health).end();
  else {
    const isStatus = /^[2-5]\d\d$/.test(text.trim());
    if (isStatus) pod.health = Number(text);
    response.writeHead(isStatus ? 200 : 400).end();
  }
}

function describeRequest(name: string, { method, url, httpVersion, rawHeaders, socket }: IncomingMessage): string {
  const headers = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    headers.push(`${canonical(rawHeaders[i] ?? "")}: ${rawHeaders[i + 1]}`);
  return [
    `Hostname: ${name}`,
    "IP: 127.0.0.1",
    `RemoteAddr: ${socket.remoteAddress}:${socket.remotePort}`,
    `${method} ${url} HTTP/${httpVersion}`,
    ...headers,
    "",
    "",
  ].join("\n");
}

/** `x-forwarded-for` as `X-Forwarded-For`: how whoami prints names, however they came. */
const canonical = (name: string): string => name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
