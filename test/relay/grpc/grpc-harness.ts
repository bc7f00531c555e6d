import { performance } from "node:perf_hooks";
import {
  type ChannelCredentials,
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceError,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { expect } from "vitest";
import type { CallEnd } from "../../../relay/grpc/handle-call.ts";
import { type Grpc, type GrpcOptions, startGrpc } from "../../../relay/grpc/start-grpc.ts";
import { createAccessLogs } from "../../../src/access-log/log-exchange.ts";
import { bareRuntime } from "../../../src/middleware/runtime.ts";
import { parseRule } from "../../../src/rule/parse-rule.ts";
import type { Router } from "../../../src/table/router.ts";
import type { Endpoint, LoadBalancer } from "../../../src/table/service.ts";
import type { Table } from "../../../src/table/table.ts";
import { closeStreams, runStreams, type TestStreams, tableOf, tcpAt } from "../streams/streams-harness.ts";

const closers: (() => unknown)[] = [];

export async function closeGrpc(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
  await closeStreams();
}

/** What holds at some time, however busy the machine is. */
export const eventually = <T>(read: () => T, interval = 50) => expect.poll(read, { timeout: 15_000, interval });

const bytes = {
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Buffer) => value,
  responseDeserialize: (value: Buffer) => value,
};
const method = (name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  ...bytes,
});

/** A service whose messages are plain bytes. */
export const echo = {
  Unary: method("Unary", false, false),
  Upload: method("Upload", true, false),
  Download: method("Download", false, true),
  Chat: method("Chat", true, true),
};

/** A Pod that speaks gRPC. */
export async function startGrpcPod(
  implementation: UntypedServiceImplementation,
): Promise<{ port: number; server: Server; kill: () => void }> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(echo, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const kill = (): void => server.forceShutdown();
  closers.push(kill);
  return { port, server, kill };
}

/** A Pod that answers each unary call with this. */
export const startEcho = (prefix = ""): ReturnType<typeof startGrpcPod> =>
  startGrpcPod({
    Unary: (call: { request: Buffer }, callback: (error: null, value: Buffer) => void) =>
      callback(null, Buffer.concat([Buffer.from(prefix), call.request])),
  });

/** A router on the entry point `grpc`. */
export const callRouter = (rule: string, service: string, more: Partial<Router> = {}): Router => {
  const parsed = parseRule(rule, "v3");
  if (!("rule" in parsed)) throw new Error(`${rule} is no rule`);
  const name = more.name ?? `${rule} ${service}`;
  return {
    name,
    entryPoints: ["grpc"],
    tls: false,
    rule: parsed.rule,
    ruleText: rule,
    priority: rule.length,
    tieBreaker: name,
    middlewares: [],
    service,
    ...more,
  };
};

/** A service of Pods on these ports of the loopback. */
export const podsOf = (
  name: string,
  ports: readonly number[],
  more: Partial<LoadBalancer> = {},
  state: Endpoint["state"] = "ready",
): Pick<Table, "services" | "endpoints"> => ({
  services: {
    [name]: {
      type: "loadBalancer",
      endpoints: name,
      scheme: "h2c",
      passHostHeader: true,
      transport: "gateway",
      ...more,
    },
  },
  endpoints: { [name]: { endpoints: ports.map((port) => ({ address: "127.0.0.1", port, state })) } },
});

/** Tables are merged part by part. */
export const callTable = (...parts: Partial<Table>[]): Table => {
  const table = tableOf({ entryPoints: { grpc: { port: 0 } }, relayEntryPoints: { grpc: tcpAt() } });
  for (const part of parts) {
    const { routers = [], ...records } = part;
    table.routers.push(...routers);
    for (const [name, record] of Object.entries(records)) {
      Object.assign(table, { [name]: { ...(table[name as keyof Table] as object), ...record } });
    }
  }
  return table;
};

/** One router for all calls, to Pods on these ports. */
export const allTo = (ports: readonly number[], more: Partial<Router> = {}): Table =>
  callTable({ routers: [callRouter("PathPrefix(`/`)", "pods", more)] }, podsOf("pods", ports));

export interface TestGrpc extends Grpc {
  port: number;
  streams: TestStreams;
  ends: CallEnd[];
  errors: unknown[];
  /** Of the access log. */
  lines: string[];
  client(options?: Partial<ClientOptions>, channel?: ChannelCredentials): Client;
}

/** gRPC behind the listeners of a relay, on the entry point `grpc`. */
export async function runGrpc(table: Table, options: Partial<GrpcOptions> = {}): Promise<TestGrpc> {
  const ends: CallEnd[] = [];
  const errors: unknown[] = [];
  const lines: string[] = [];
  const grpc = startGrpc({
    table,
    serves: (entryPoint) => entryPoint === "grpc",
    runtime: bareRuntime(),
    handshakeTimeoutMs: 5_000,
    random: () => 0,
    now: () => performance.now(),
    ended: (end) => void ends.push(end),
    accessLogs: createAccessLogs({ write: (line) => void lines.push(line), now: Date.now }),
    log: (_, error) => void errors.push(error),
    ...options,
  });
  closers.push(() => grpc.close());
  const streams = await runStreams(table, {
    placement: { isShared: (name) => name === "grpc" },
    companion: grpc.companion,
  });
  const port = streams.port("grpc");
  return {
    ...grpc,
    port,
    streams,
    ends,
    errors,
    lines,
    client(more = {}, channel = credentials.createInsecure()) {
      const client = new Client(`127.0.0.1:${port}`, channel, {
        "grpc.max_receive_message_length": -1,
        "grpc.enable_retries": 0,
        "grpc.use_local_subchannel_pool": 1,
        ...more,
      });
      closers.push(() => client.close());
      return client;
    },
  };
}

export interface UnaryAnswer {
  code: number;
  details: string;
  value: string | undefined;
  metadata: Metadata;
  trailers: Metadata;
}

/** Makes one unary call; a failure is an answer like any other. */
export function unary(
  client: Client,
  message: string | Buffer = "ping",
  {
    metadata = new Metadata(),
    path = echo.Unary.path,
    deadline,
  }: { metadata?: Metadata; path?: string; deadline?: number } = {},
): Promise<UnaryAnswer> {
  return new Promise((resolve) => {
    let headers = new Metadata();
    const request = Buffer.from(message);
    let result: { error: ServiceError | null; value: Buffer | undefined } | undefined;
    const call = client.makeUnaryRequest(
      path,
      bytes.requestSerialize,
      bytes.responseDeserialize,
      request,
      metadata,
      deadline === undefined ? {} : { deadline: Date.now() + deadline },
      (error, value) => {
        result = { error, value };
      },
    );
    call.on("metadata", (received) => {
      headers = received;
    });
    call.on("status", ({ code, details, metadata: trailers }) =>
      setImmediate(() => resolve({ code, details, value: result?.value?.toString(), metadata: headers, trailers })),
    );
  });
}
