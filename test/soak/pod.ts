import { once } from "node:events";
import http from "node:http";

/** What a Pod answers. */
export interface PodAnswer {
  pod: string;
  /** Bytes of the request's body. */
  bytes: number;
  padding: string;
}

/** Names a request, so that Pods can tell one that came twice. */
export const REQUEST_ID = "x-request-id";
/** Milliseconds that a Pod takes to answer. */
export const WORK_HEADER = "x-work-ms";

const PADDING = "x".repeat(1_000);

export interface Pod {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** As Go's `Shutdown` does: no new connections, idle ones closed, the others once their answer is out. */
  shutDown(): Promise<void>;
}

export interface PodOptions {
  name: string;
  address: string;
  /** 0 takes any. */
  port: number;
  /** Hears of each request when its head is there. */
  onRequest: (request: http.IncomingMessage) => void;
}

export async function startPod({ name, address, port, onRequest }: PodOptions): Promise<Pod> {
  let isEnding = false;
  const server = http.createServer(async (request, response) => {
    onRequest(request);
    let bytes = 0;
    try {
      for await (const chunk of request) bytes += (chunk as Buffer).length;
    } catch {
      return;
    }
    const answer = (): void => {
      if (isEnding) response.setHeader("Connection", "close");
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ pod: name, bytes, padding: PADDING } satisfies PodAnswer));
    };
    response.on("close", () => {
      if (isEnding) setImmediate(() => server.closeIdleConnections());
    });
    const workMs = Number(request.headers[WORK_HEADER] ?? 0);
    if (workMs > 0) setTimeout(answer, workMs);
    else answer();
  });
  server.listen(port, address);
  await once(server, "listening");
  const listening = server.address();
  if (listening === null || typeof listening === "string") throw new Error("a Pod listens on a port");
  return {
    name,
    address,
    port: listening.port,
    async shutDown() {
      isEnding = true;
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}
