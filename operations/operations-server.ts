import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export interface OperationsOptions {
  listen: { host: string; port: number };
  /** Whether the process is to be left alone; false once it has begun to end. */
  isAlive(): boolean;
  /** Undefined when others may send work here, else why not. */
  whyNotReady(): string | undefined;
  metrics(): Promise<{ contentType: string; text: string }>;
}

export interface OperationsServer {
  readonly address: { host: string; port: number };
  close(): Promise<void>;
}

/**
 * Answers `/ping` (as Traefik's: 200 `OK`, and 503 while the process ends), `/readyz` and `/metrics`.
 *
 * @throws what listening throws (EADDRINUSE)
 */
export async function startOperations(options: OperationsOptions): Promise<OperationsServer> {
  const server = createServer(answer(options));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.listen, () => resolve());
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const answer =
  ({ isAlive, whyNotReady, metrics }: OperationsOptions): RequestListener =>
  (request, response) => {
    const send = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
      response.end(request.method === "HEAD" ? undefined : text);
    };
    if (request.method !== "GET" && request.method !== "HEAD") {
      send(405, "405 method not allowed\n");
      return;
    }
    switch (request.url?.split("?")[0]) {
      case "/ping":
        send(isAlive() ? 200 : 503, isAlive() ? "OK" : "terminating\n");
        return;
      case "/readyz": {
        const reason = isAlive() ? whyNotReady() : "terminating";
        send(reason === undefined ? 200 : 503, reason === undefined ? "OK" : `${reason}\n`);
        return;
      }
      case "/metrics":
        metrics().then(
          ({ contentType, text }) => send(200, text, contentType),
          () => send(500, "500 metrics cannot be read\n"),
        );
        return;
      default:
        send(404, "404 page not found\n");
    }
  };
