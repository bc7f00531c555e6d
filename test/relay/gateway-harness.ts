import { once } from "node:events";
import http, {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { generateKeyPair } from "jose";
import type { GatewayTable } from "../../relay/origin-gateway/gateway-table.ts";
import {
  type GatewayOptions,
  type RunningGateway,
  startOriginGateway,
} from "../../relay/origin-gateway/start-gateway.ts";
import { encodeHop } from "../../src/hop/encode-hop.ts";
import { HOP_HEADER, type Hop } from "../../src/hop/hop.ts";
import { createTokenSigner, createTokenVerifier, type TokenSigner } from "../../src/hop/token.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import type { Endpoint, LoadBalancer, ServersTransport } from "../../src/table/service.ts";

const HOST = "127.0.0.1";
const keys = await generateKeyPair("EdDSA", { extractable: true });

/** What signs as the edge does. */
export const signer = (now: () => number = Date.now, kid = "k1"): TokenSigner =>
  createTokenSigner({ key: keys.privateKey, kid, now });

/** Servers begun by the tests of one file, to be closed behind them. */
const opened: { close(): unknown }[] = [];

export async function closeAll(): Promise<void> {
  for (const server of opened.splice(0).reverse()) await server.close();
}

export async function listen(server: NetServer | Server): Promise<number> {
  server.listen(0, HOST);
  await once(server, "listening");
  opened.push({
    async close() {
      if (!server.listening) return;
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
    },
  });
  return (server.address() as AddressInfo).port;
}

/** @returns the port of a Pod */
export const startPod = (listener: RequestListener): Promise<number> => listen(createHttpServer(listener));

/** A Pod that speaks as it is told to: for each request that comes in, one step. */
export async function scriptedPod(
  steps: ((socket: Socket) => void)[],
): Promise<{ port: number; requests: () => number; connections: () => number }> {
  let [requests, connections] = [0, 0];
  const server = createServer((socket) => {
    connections++;
    socket.on("error", () => {});
    socket.on("data", () => steps[requests++]?.(socket));
  });
  return { port: await listen(server), requests: () => requests, connections: () => connections };
}
export const answerOk = (socket: Socket): void => {
  socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
};

/** A port on which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

export const ready = (...ports: number[]): Endpoint[] => ports.map((port) => ({ address: HOST, port, state: "ready" }));
export const terminating = (...ports: number[]): Endpoint[] =>
  ports.map((port) => ({ address: HOST, port, state: "terminating" }));

export interface ServiceSpec extends Partial<Omit<LoadBalancer, "type" | "endpoints">> {
  endpoints: Endpoint[];
  clusterIp?: { address: string; port: number };
}

/** A table whose load balancers each have endpoints of their own, under their own name. */
export function tableOf(
  services: Record<string, ServiceSpec>,
  generation = 7,
  serversTransports: Record<string, ServersTransport> = {},
  middlewares: Record<string, Middleware> = {},
): GatewayTable {
  return {
    pointer: { publisher: "home", epoch: 1, generation, root: "abc" },
    services: Object.fromEntries(Object.entries(services).map(([name, spec]) => [name, serviceOf(name, spec)])),
    endpoints: Object.fromEntries(
      Object.entries(services).map(([name, { endpoints, clusterIp }]) => [
        name,
        { endpoints, ...(clusterIp !== undefined && { clusterIp }) },
      ]),
    ),
    serversTransports,
    middlewares,
  };
}

const serviceOf = (name: string, { endpoints: _, clusterIp: __, ...spec }: ServiceSpec): LoadBalancer => ({
  type: "loadBalancer",
  endpoints: name,
  scheme: "http",
  passHostHeader: true,
  transport: "gateway",
  ...spec,
});

export interface TestGateway extends RunningGateway {
  /** Swaps the table, as a feed does. */
  setTable(table: GatewayTable): void;
  /** Passes time for what the gateway remembers. */
  advance(ms: number): void;
}

export async function startGateway(
  table: GatewayTable | undefined,
  options: Partial<GatewayOptions> = {},
): Promise<TestGateway> {
  let current = table;
  let passed = 0;
  const gateway = await startOriginGateway({
    table: { current: () => current },
    verifier: createTokenVerifier({ keys: { k1: keys.publicKey }, now: Date.now }),
    listen: { host: HOST, port: 0 },
    now: () => Date.now() + passed,
    random: () => 0,
    ...options,
  });
  opened.push(gateway);
  return {
    ...gateway,
    setTable(next) {
      current = next;
      gateway.tableChanged(next);
    },
    advance(ms) {
      passed += ms;
    },
  };
}

/** A hop to a service as the edge packs it. */
export async function hopTo(service: string, changes: Partial<Hop> = {}): Promise<string> {
  return encodeHop({
    token: await signer().sign(service),
    service,
    scheme: "https",
    port: 443,
    clientAddress: "192.0.2.1",
    trusted: false,
    assigned: [],
    mirror: false,
    generation: 7,
    host: "app.example.com",
    ...changes,
  });
}

export interface Sent {
  path?: string;
  method?: string;
  /** Name and value in turn, as they go over the wire. */
  headers?: string[];
  hop?: Partial<Hop>;
  body?: Iterable<Buffer> | AsyncIterable<Buffer> | Buffer | string;
  agent?: http.Agent;
}

/** A request on its way: to be written to, read from and cut at will. */
export async function open(gateway: RunningGateway, service: string, sent: Sent = {}): Promise<http.ClientRequest> {
  const { path = "/", method = "GET", headers = [], hop, agent } = sent;
  const { host, port } = gateway.address;
  return http.request({
    host,
    port,
    path,
    method,
    agent: agent ?? false,
    setDefaultHeaders: false,
    headers: ["host", "gateway.internal", HOP_HEADER, await hopTo(service, hop), ...headers],
  });
}

export interface Answer {
  status: number;
  message: string;
  headers: http.IncomingHttpHeaders;
  rawHeaders: string[];
  bytes: Buffer;
  text: string;
}

/** Sends a request through the gateway and reads the whole answer. */
export async function send(gateway: RunningGateway, service: string, sent: Sent = {}): Promise<Answer> {
  const { body } = sent;
  const framing =
    body === undefined
      ? []
      : typeof body === "string" || Buffer.isBuffer(body)
        ? ["content-length", String(Buffer.byteLength(body))]
        : ["transfer-encoding", "chunked"];
  const request = await open(gateway, service, { ...sent, headers: [...framing, ...(sent.headers ?? [])] });
  const response = once(request, "response") as Promise<[IncomingMessage]>;
  if (body === undefined || typeof body === "string" || Buffer.isBuffer(body)) request.end(body);
  else void writeAll(request, body);
  return read((await response)[0]);
}

async function writeAll(request: http.ClientRequest, body: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of body) if (!request.write(chunk)) await once(request, "drain");
  request.end();
}

export async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return {
    status: response.statusCode ?? 0,
    message: response.statusMessage ?? "",
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    bytes,
    text: bytes.toString(),
  };
}

/** The lines of a header, in order. */
export const linesOf = (rawHeaders: readonly string[], name: string): string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
