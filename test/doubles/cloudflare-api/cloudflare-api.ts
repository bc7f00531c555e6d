import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";
import { WorkersHosts } from "./workers-hosts.ts";

/** What the double keeps its keys in: miniflare's KV, or any map. */
export interface KvBacking {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options?: { metadata?: unknown }): Promise<void>;
  list(options: {
    prefix: string;
    cursor?: string;
    limit?: number;
  }): Promise<{ keys: { name: string; metadata?: unknown }[]; list_complete: boolean; cursor?: string }>;
  delete(key: string): Promise<void>;
}

interface Fault {
  /** Of the path, without `/client/v4`. */
  match?: RegExp;
  /** A status; `reset` cuts the connection before anything is done, `cut` after it was done; `stall` ends no answer; `partial` fails every second key. */
  answer: number | "reset" | "cut" | "hang" | "stall" | "partial";
  times?: number;
  retryAfterSeconds?: number;
}

export interface CloudflareApi {
  /** To be given to the SDK as its `baseURL`. */
  url: string;
  hosts: WorkersHosts;
  /** Every request: its method and path. */
  requests: string[];
  fail(fault: Fault): { clear(): void };
  close(): Promise<void>;
}

export const ACCOUNT = "a".repeat(32);
export const NAMESPACE = "b".repeat(32);
export const TOKEN = "api-token";

/** https://developers.cloudflare.com/kv/platform/limits/ and the API's reference. */
const MAX_PAIRS = 10_000;
const MAX_BODY_BYTES = 100 * 1000 * 1000;
const MAX_KEYS_PER_GET = 100;
const MAX_KEY_BYTES = 512;
const MAX_METADATA_BYTES = 1024;
const WRITE_PAUSE_MS = 1_000;

const pairsSchema = z.array(z.object({ key: z.string(), value: z.string(), metadata: z.unknown().optional() }));
const getSchema = z.object({ keys: z.array(z.string()).max(MAX_KEYS_PER_GET), type: z.literal("text").optional() });

/** Cloudflare's REST API, as far as a publisher uses it: one KV namespace and the hosts of Workers. */
export async function startCloudflareApi(
  kv: KvBacking,
  {
    rateLimit = Number.POSITIVE_INFINITY,
    writePauseMs = WRITE_PAUSE_MS,
    now = Date.now,
  }: { rateLimit?: number; writePauseMs?: number; now?: () => number } = {},
): Promise<CloudflareApi> {
  const hosts = new WorkersHosts();
  const requests: string[] = [];
  const faults = new Set<Fault>();
  const lastWrite = new Map<string, number>();
  const base = `/accounts/${ACCOUNT}/storage/kv/namespaces/${NAMESPACE}`;

  const write = async (pairs: z.infer<typeof pairsSchema>, isPartial: boolean): Promise<Reply> => {
    const failed: string[] = [];
    for (const [index, { key, value, metadata }] of pairs.entries()) {
      const isTooSoon = now() - (lastWrite.get(key) ?? Number.NEGATIVE_INFINITY) < writePauseMs;
      if ((isPartial && index % 2 === 1) || isTooSoon) {
        failed.push(key);
        continue;
      }
      lastWrite.set(key, now());
      await kv.put(key, value, { metadata });
    }
    return ok({ successful_key_count: pairs.length - failed.length, unsuccessful_keys: failed });
  };

  const serve = async (
    method: string,
    path: string,
    query: URLSearchParams,
    body: string,
    isPartial: boolean,
  ): Promise<Reply> => {
    const answer = hosts.handle(method, path, query, parse(body));
    if (answer !== undefined) return answer;
    if (!path.startsWith(`${base}/`)) return refuse(404, 10013, "namespace not found");
    const call = `${method} ${path.slice(base.length)}`;
    switch (call) {
      case "PUT /bulk": {
        if (Buffer.byteLength(body) > MAX_BODY_BYTES) return refuse(413, 10036, "the request is larger than 100 MB");
        const pairs = pairsSchema.safeParse(parse(body));
        if (!pairs.success) return refuse(400, 10012, "could not parse the pairs");
        if (pairs.data.length > MAX_PAIRS) return refuse(400, 10026, "more than 10,000 pairs");
        const wrong = pairs.data.find(
          ({ key, metadata }) =>
            key === "" ||
            Buffer.byteLength(key) > MAX_KEY_BYTES ||
            Buffer.byteLength(JSON.stringify(metadata) ?? "") > MAX_METADATA_BYTES,
        );
        return wrong === undefined
          ? write(pairs.data, isPartial)
          : refuse(400, 10014, `key or metadata too large: ${wrong.key.slice(0, 20)}`);
      }
      case "POST /bulk/get": {
        const asked = getSchema.safeParse(parse(body));
        if (!asked.success) return refuse(400, 10012, "at most 100 keys");
        const values: Record<string, string | null> = {};
        for (const key of asked.data.keys) values[key] = await kv.get(key);
        return ok({ values });
      }
      case "POST /bulk/delete": {
        const keys = z.array(z.string()).max(MAX_PAIRS).safeParse(parse(body));
        if (!keys.success) return refuse(400, 10012, "at most 10,000 keys");
        for (const key of keys.data) await kv.delete(key);
        return ok({ successful_key_count: keys.data.length, unsuccessful_keys: [] });
      }
      case "GET /keys": {
        const cursor = query.get("cursor");
        const limit = Math.min(Number(query.get("limit") ?? 1000), 1000);
        const page = await kv.list({ prefix: query.get("prefix") ?? "", limit, ...(cursor !== null && { cursor }) });
        return ok(page.keys, { count: page.keys.length, cursor: page.list_complete ? "" : (page.cursor ?? "") });
      }
      default:
        return refuse(405, 10001, "method not allowed");
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "", "http://api");
    const path = url.pathname.replace(/^\/client\/v4/, "");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push(`${request.method} ${path}`);
    const fault = take(faults, path);
    if (fault?.answer === "reset") return void response.destroy();
    if (fault?.answer === "hang") return;
    if (fault?.answer === "stall") return void response.writeHead(200, JSON_TYPE).write("{");
    if (typeof fault?.answer === "number") {
      const headers = fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
      return send(response, refuse(fault.answer, 10000, "a fault of the test"), headers);
    }
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return send(response, refuse(401, 10000, "Authentication error"));
    if (requests.length > rateLimit) return send(response, refuse(429, 971, "rate limited"), { "retry-after": "300" });
    const reply = await serve(
      request.method ?? "",
      path,
      url.searchParams,
      Buffer.concat(chunks).toString(),
      fault?.answer === "partial",
    );
    if (fault?.answer === "cut") return void response.destroy();
    send(response, reply);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => send(response, refuse(500, 10000, "internal error")));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`,
    hosts,
    requests,
    fail(fault) {
      const own = { ...fault };
      faults.add(own);
      return { clear: () => void faults.delete(own) };
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const JSON_TYPE = { "content-type": "application/json" };

interface Reply {
  status: number;
  body: unknown;
}

const ok = (result: unknown, result_info?: unknown): Reply => ({
  status: 200,
  body: { success: true, errors: [], messages: [], result, ...(result_info !== undefined && { result_info }) },
});

const refuse = (status: number, code: number, message: string): Reply => ({
  status,
  body: { success: false, errors: [{ code, message }], messages: [], result: null },
});

function send(response: ServerResponse, { status, body }: Reply, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...JSON_TYPE, ...headers }).end(JSON.stringify(body));
}

function take(faults: Set<Fault>, path: string): Fault | undefined {
  for (const fault of faults) {
    if (fault.match !== undefined && !fault.match.test(path)) continue;
    if (fault.times !== undefined && --fault.times <= 0) faults.delete(fault);
    return fault;
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
