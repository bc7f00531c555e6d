import { createBalanceState } from "../../src/balance/balance-state.ts";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { bodyOf } from "../../src/exchange/fork-exchange.ts";
import type { HopFailure } from "../../src/hop/hop.ts";
import type { Wrap } from "../../src/middleware/middleware.ts";
import type { ReportedEvent } from "../../src/observe/report.ts";
import type { FixedLength } from "../../src/origin/known-length.ts";
import type { Send } from "../../src/origin/send.ts";
import { compileServices } from "../../src/service/compile-services.ts";
import type { ServiceContext } from "../../src/service/service.ts";
import type { Endpoints, LoadBalancer, Service } from "../../src/table/service.ts";

/** A load balancer whose endpoints have its own name. */
export const balancer = (name: string, change: Partial<LoadBalancer> = {}): LoadBalancer => ({
  type: "loadBalancer",
  endpoints: name,
  scheme: "http",
  passHostHeader: true,
  transport: "gateway",
  ...change,
});

const up: Endpoints = { endpoints: [{ address: "10.0.0.1", port: 80, state: "ready" }] };
export const down: Endpoints = { endpoints: [] };

export const failWith = (exchange: Exchange, failure: HopFailure): Response => {
  exchange.failure = failure;
  return new Response("Bad Gateway", { status: 502 });
};

export interface HarnessOptions {
  services: Record<string, Service>;
  /** Endpoints that are not simply up. */
  endpoints?: Record<string, Endpoints>;
  /** What a load balancer answers; its name unless told. */
  send?: Record<string, (exchange: Exchange) => Response | Promise<Response>>;
  middlewares?: Record<string, Wrap>;
  context?: Partial<ServiceContext>;
}

export interface HarnessRequest {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | ReadableStream<Uint8Array>;
}

/** Services over fake last hops, and what they did. */
export function createHarness({ services, endpoints = {}, send = {}, middlewares = {}, context = {} }: HarnessOptions) {
  const sent: { service: string; exchange: Exchange; body: Promise<string> }[] = [];
  const counted: string[] = [];
  const reports: ReportedEvent[] = [];
  const background: Promise<unknown>[] = [];
  const timers: { callback: () => void; isStopped: boolean }[] = [];

  const fakeSend: Send = async (exchange, { service }) => {
    const own = send[service];
    if (own !== undefined) {
      sent.push({ service, exchange, body: Promise.resolve("") });
      return own(exchange);
    }
    const body = new Response(bodyOf(exchange)).text();
    body.catch(() => {});
    sent.push({ service, exchange, body });
    return new Response(service);
  };

  const service = compileServices(services, {
    balance: createBalanceState({ random: () => 0 }),
    gateway: fakeSend,
    direct: fakeSend,
    middleware(name) {
      const wrap = middlewares[name];
      if (wrap === undefined) throw new Error(`no middleware ${name}`);
      return wrap;
    },
    count: (event, name) => counted.push(`${event} ${name}`),
    report: (event) => reports.push(event),
    startTimer(callback) {
      const timer = { callback, isStopped: false };
      timers.push(timer);
      return () => {
        timer.isStopped = true;
      };
    },
    ...context,
  });

  const exchangeOf = ({ path = "/", method, headers = {}, body }: HarnessRequest): Exchange =>
    createExchange({
      request: new Request(`http://app.test${path}`, {
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers,
        ...(body === undefined ? {} : { body, duplex: "half" }),
      }),
      scheme: "http",
      entryPoint: "web",
      host: "app.test",
      path,
      query: "",
      client: { address: "192.0.2.1", trusted: false },
      endpoints: (key) => endpoints[key] ?? up,
      waitUntil: (work) => background.push(work),
    });

  return {
    service,
    sent,
    counted,
    reports,
    timers,
    exchangeOf,
    ask: (name: string, request: HarnessRequest = {}) => service(name).handle(exchangeOf(request)),
    settled: () => Promise.all(background),
  };
}

/** workerd's FixedLengthStream: refuses any other number of bytes. */
export const fixedLength: FixedLength = (length) => {
  let passed = 0;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      passed += chunk.byteLength;
      if (passed > length) throw new TypeError("longer than it was said to be");
      controller.enqueue(chunk);
    },
    flush() {
      if (passed !== length) throw new TypeError("shorter than it was said to be");
    },
  });
};

export const bytes = (length: number, fill = 1): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(fill);

/** A body whose chunks are handed out one by one, and the number of those that were asked for. */
export function countedBody(chunks: Uint8Array[]) {
  const state = { pulled: 0, cancelled: undefined as unknown };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[state.pulled++];
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel(reason) {
        state.cancelled = reason ?? true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

export const readAll = async (stream: ReadableStream<Uint8Array>): Promise<Uint8Array> =>
  new Uint8Array(await new Response(stream).arrayBuffer());
