import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import Cloudflare from "cloudflare";
import { WorkersHosts } from "../doubles/cloudflare-api/workers-hosts.ts";

/** Cloudflare's API as far as hosts go, with the official client for it. */
export async function startHostsApi() {
  const hosts = new WorkersHosts();
  /** Answers with this status instead, while it is set. */
  const fault: { status: number | undefined } = { status: undefined };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    const body = await text(request);
    const path = url.pathname.replace(/^\/client\/v4/, "");
    const answer =
      fault.status === undefined
        ? hosts.handle(request.method ?? "", path, url.searchParams, body === "" ? undefined : JSON.parse(body))
        : { status: fault.status, body: { success: false, errors: [], messages: [], result: null } };
    response.writeHead(answer?.status ?? 404, { "content-type": "application/json" });
    response.end(JSON.stringify(answer?.body ?? {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new Cloudflare({ apiToken: "token", baseURL: `http://127.0.0.1:${port}/client/v4`, maxRetries: 0 });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { hosts, client, fault, close };
}
