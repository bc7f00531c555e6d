import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { accessLogOf } from "../../src/access-log/access-log-of.ts";
import type { AccessLogs, LoggedRequest } from "../../src/access-log/log-exchange.ts";
import type { LazyRoute } from "../../src/edge/compile-leaf.ts";
import { isTrustedClient } from "../../src/edge/find-client.ts";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import { dropAliasHeaders } from "../../src/exchange/drop-alias-headers.ts";
import { forwardedFact } from "../../src/exchange/forwarded-fact.ts";
import { matchRoute } from "../../src/router/match-route.ts";
import type { RouteIndex } from "../../src/router/route-index.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import { normalisePath } from "../../src/rule/routing-path.ts";
import { callHeaders } from "./call-headers.ts";
import type { CallTable } from "./call-routes.ts";
import { ClientCall } from "./client-call.ts";
import { INTERNAL, UNAVAILABLE, UNIMPLEMENTED } from "./grpc-status.ts";
import { limitCall } from "./limit-call.ts";
import { endLogged } from "./log-call.ts";

/** The connection that a call came over. */
export interface CallConnection {
  entryPoint: string;
  tls: boolean;
  /** The client's IP address, as a trusted PROXY header has it. */
  clientAddress: string;
}

/** How a call ended. */
export interface CallEnd {
  entryPoint: string;
  /** Undefined when no router took it. */
  router: string | undefined;
  service: string | undefined;
  clientAddress: string;
  /** As the client sent it: `/package.Service/Method`. */
  method: string;
  /** The status that the client got; undefined when it went away before. */
  code: number | undefined;
  /** Milliseconds. */
  durationMs: number;
}

export interface CallState {
  table: () => CallTable;
  routes: (table: CallTable) => RouteIndex<LazyRoute>;
  /** The call that each request stands for. */
  calls: WeakMap<Request, ClientCall>;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  /** @param isLogged whether it has its line in the entry point's access log */
  ended: (end: CallEnd, isLogged: boolean) => void;
  accessLogs: AccessLogs;
  /** The times that an entry point gives its calls. */
  limitsOf: (entryPoint: string) => Parameters<typeof limitCall>[1] | undefined;
  log: (message: string, error: unknown) => void;
}

/** gRPC-Web is HTTP, and comes in at the edge. */
const GRPC = /^application\/grpc(?:[+;]|$)/i;

/**
 * Takes one call from client to Pod: matched by the same routers as a request at the edge, and through their
 * middlewares. What is no call is refused: HTTP has its protections at the edge, and no way around them here.
 */
export function handleCall(
  stream: ServerHttp2Stream,
  received: IncomingHttpHeaders,
  connection: CallConnection,
  state: CallState,
): void {
  const method = received[":method"];
  if (method !== "POST" || !GRPC.test(received["content-type"] ?? "")) {
    refuseRequest(stream);
    return;
  }
  const begun = state.now();
  const startMs = state.accessLogs.now();
  const { entryPoint, clientAddress, tls } = connection;
  const target = received[":path"] ?? "";
  const end: CallEnd = {
    entryPoint,
    router: undefined,
    service: undefined,
    clientAddress,
    method: target,
    code: undefined,
    durationMs: 0,
  };
  let logged: LoggedRequest | undefined;
  const call = new ClientCall(stream, received, state.now, (code) => {
    state.ended({ ...end, code, durationMs: state.now() - begun }, logged !== undefined);
    if (logged !== undefined) endLogged(logged, stream, code);
  });
  limitCall(stream, state.limitsOf(entryPoint) ?? {}, (message) => call.expire(message));

  const authority = received[":authority"] ?? received.host ?? "";
  const queryStart = target.includes("?") ? target.indexOf("?") : target.length;
  const path = normalisePath(target.slice(0, queryStart));
  const headers = readHeaders(received, authority);
  if (path === undefined || headers === undefined) {
    call.refuse(INTERNAL, "The call is malformed");
    return;
  }
  const query = target.slice(queryStart);

  const table = state.table();
  const listener = table.entryPoints[entryPoint];
  if (listener?.closedBy !== undefined) {
    call.refuse(UNAVAILABLE, "The entry point is closed");
    return;
  }
  const trusted = listener !== undefined && isTrustedClient(clientAddress, listener);
  const told = { trusted, assigned: [], scheme: tls ? ("https" as const) : ("http" as const), host: authority };
  const facts = createRequestFacts({
    host: authority,
    routingPath: path.routingPath,
    method,
    headers,
    forwarded: (lowerName) => forwardedFact(lowerName, { ...told, clientAddress }, headers),
    query,
    clientAddress,
  });
  const route = matchRoute([state.routes(table)], { entryPoint, tls }, facts)?.();
  const client = { address: clientAddress, trusted };
  const accessLog = listener && accessLogOf(listener, route?.router);
  if (accessLog !== undefined) {
    logged = state.accessLogs.begin(accessLog, {
      startMs,
      entryPoint,
      router: route?.router.name,
      scheme: tls ? "https" : "http",
      method,
      path: target.slice(0, queryStart),
      query,
      protocol: "HTTP/2.0",
      authority,
      clientAddress,
      isTrusted: client.trusted,
      requestHeaders: headers,
      tls: undefined,
    });
  }
  if (route === undefined) {
    call.refuse(UNIMPLEMENTED, "No route takes this call");
    return;
  }
  end.router = route.router.name;
  end.service = route.router.service;

  // The address stands for nothing: middlewares and service read the exchange's own host and path.
  const request = new Request("http://relay.internal/", {
    method,
    headers,
    body: call.body.stream,
    duplex: "half",
  } as RequestInit);
  state.calls.set(request, call);
  const exchange = createExchange({
    request,
    scheme: tls ? "https" : "http",
    entryPoint,
    router: route.router.name,
    host: authority,
    path: path.path,
    query,
    client,
    endpoints: (key) => (Object.hasOwn(table.endpoints, key) ? table.endpoints[key] : undefined),
    waitUntil: (work) => void work.catch((error: unknown) => state.log("a mirror failed", error)),
    access: logged?.record,
  });
  if (listener !== undefined && !dropAliasHeaders(exchange, listener)) {
    call.refuse(INTERNAL, "The call is malformed");
    return;
  }
  Promise.resolve()
    .then(() => route.handle(exchange))
    .then((response) => call.answer(response, exchange.failure === "timeout"))
    .catch((error: unknown) => {
      state.log("a call failed", error);
      call.refuse(INTERNAL, "The call could not be answered");
    });
}

function readHeaders(received: IncomingHttpHeaders, authority: string): Headers | undefined {
  try {
    return callHeaders(received, authority);
  } catch {
    return undefined;
  }
}

const EXPLANATION = "Only gRPC is served here.\n";

function refuseRequest(stream: ServerHttp2Stream): void {
  stream.on("error", () => {});
  stream.respond({ ":status": 415, "content-type": "text/plain; charset=utf-8" });
  stream.end(EXPLANATION);
  stream.resume();
}
