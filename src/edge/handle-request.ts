import { accessLogOf } from "../access-log/access-log-of.ts";
import { connectionOf } from "../access-log/connection-of.ts";
import type { LoggedRequest } from "../access-log/log-exchange.ts";
import { createExchange } from "../exchange/create-exchange.ts";
import { dropAliasHeaders } from "../exchange/drop-alias-headers.ts";
import { dropConnectionHeaders } from "../exchange/drop-connection-headers.ts";
import type { WaitUntil } from "../exchange/exchange.ts";
import { forwardedFact } from "../exchange/forwarded-fact.ts";
import { matchRoute } from "../router/match-route.ts";
import { createRequestFacts } from "../rule/create-request-facts.ts";
import type { RequestFacts } from "../rule/request-facts.ts";
import { normalisePath } from "../rule/routing-path.ts";
import type { EntryPoint } from "../table/entry-point.ts";
import { findClientAddress, findCountry, isTrustedClient } from "./find-client.ts";
import { findEntryPoint } from "./find-entry-point.ts";
import type { Isolate } from "./isolate.ts";
import { parseTarget, portOf } from "./parse-target.ts";
import { plainAnswer } from "./plain-answer.ts";
import { saysOneHost } from "./says-one-host.ts";

/** The listener that took a request, where sockets tell it (locally). */
export interface Listener {
  entryPoint: string;
  tls: boolean;
}

/** Load table, match, middlewares, service, origin. */
export async function handleRequest(
  request: Request,
  isolate: Isolate,
  listener: Listener | undefined,
  waitUntil: WaitUntil,
): Promise<Response> {
  const begun = Date.now();
  const target = parseTarget(request.url);
  if (!saysOneHost(target.authority, request.headers.get("host"))) return plainAnswer(400);
  const path = normalisePath(target.path);
  if (path === undefined) return plainAnswer(400);
  const scheme = listener === undefined ? target.scheme : listener.tls ? "https" : "http";

  const look = isolate.watch.refresh(waitUntil);
  if (look !== undefined) await look;

  const clientAddress = findClientAddress(request, isolate.env.CLIENT_ADDRESS);
  let at: EntryPoint | undefined;
  const factsOf = (query: string): RequestFacts =>
    createRequestFacts({
      host: target.authority,
      routingPath: path.routingPath,
      method: request.method,
      headers: request.headers,
      forwarded: (lowerName) => {
        const trusted = at !== undefined && isTrustedClient(clientAddress, at);
        const told = { trusted, assigned: [], scheme, host: target.authority, clientAddress };
        return forwardedFact(lowerName, told, request.headers);
      },
      query,
      clientAddress,
      country: () => findCountry(request, isolate.env.CLIENT_ADDRESS),
    });
  const facts = factsOf(target.query);
  const resolving = isolate.reader.resolve(facts.host, facts.path, (indexes, root) => {
    const name =
      listener?.entryPoint ??
      findEntryPoint(scheme, portOf(target.authority, scheme), root.entryPoints, isolate.entryPointMap);
    const entryPoint = name === undefined ? undefined : root.entryPoints[name];
    if (name === undefined || entryPoint === undefined) return nowhere;
    at = entryPoint;
    const query = queryAt(entryPoint, target.query);
    const asked = query === target.query ? facts : factsOf(query);
    const route = matchRoute(indexes, { entryPoint: name, tls: scheme === "https" }, asked)?.();
    if (route === undefined && entryPoint.accessLog === undefined) return nowhere;
    return { value: { name, entryPoint, route }, endpoints: route?.endpointKeys ?? [] };
  });
  const resolution = resolving instanceof Promise ? await resolving : resolving;
  if (resolution === undefined) return plainAnswer(503);
  if (resolution.value === undefined) return plainAnswer(404);

  const { name, entryPoint, route } = resolution.value;
  if (entryPoint.closedBy !== undefined) return plainAnswer(503);
  const client = { address: clientAddress, trusted: isTrustedClient(clientAddress, entryPoint) };
  const accessLog = entryPoint.accessLog && accessLogOf(entryPoint, route?.router);
  const logged =
    accessLog &&
    isolate.accessLogs.begin(
      accessLog,
      {
        startMs: begun,
        entryPoint: name,
        router: route?.router.name,
        scheme,
        method: request.method,
        path: target.path,
        query: target.query,
        authority: target.authority,
        clientAddress,
        isTrusted: client.trusted,
        requestHeaders: request.headers,
        ...connectionOf(request, scheme),
      },
      request.signal,
    );
  if (route === undefined) return answerLogged(plainAnswer(404), logged, waitUntil);

  const exchange = createExchange({
    request,
    scheme,
    entryPoint: name,
    router: route.router.name,
    host: target.authority,
    path: path.path,
    query: queryAt(entryPoint, target.query),
    client,
    endpoints: resolution.endpoints,
    waitUntil,
    access: logged?.record,
  });
  dropConnectionHeaders(exchange);
  if (!dropAliasHeaders(exchange, entryPoint)) return answerLogged(plainAnswer(400), logged, waitUntil);
  const answer = route.handle(exchange);
  return logged === undefined ? answer : answerWhenDone(answer, logged, waitUntil);
}

/** The query as everything behind an entry point sees it. */
const queryAt = ({ encodeQuerySemicolons }: EntryPoint, query: string): string =>
  encodeQuerySemicolons ? query.replaceAll(";", "%3B") : query;

const answerLogged = (response: Response, logged: LoggedRequest | undefined, waitUntil: WaitUntil): Response =>
  logged === undefined ? response : logged.answer(response, waitUntil);

async function answerWhenDone(
  answer: Promise<Response>,
  logged: LoggedRequest,
  waitUntil: WaitUntil,
): Promise<Response> {
  try {
    return logged.answer(await answer, waitUntil);
  } catch (error) {
    logged.end({ status: 500, responseHeaders: new Headers(), responseBytes: undefined });
    throw error;
  }
}

/** No route: the request needs no endpoints. */
const nowhere = { value: undefined, endpoints: [] };
