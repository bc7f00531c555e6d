import { isTrustedClient } from "../../src/edge/find-client.ts";
import { parseTarget } from "../../src/edge/parse-target.ts";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import { dropConnectionHeaders } from "../../src/exchange/drop-connection-headers.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { forwardedFact } from "../../src/exchange/forwarded-fact.ts";
import { explainMatch } from "../../src/router/explain-match.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import { normalisePath } from "../../src/rule/routing-path.ts";
import { factsOfExchange } from "../../src/service/routers.ts";
import type { ChildRouter, Router } from "../../src/table/router.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { originOf } from "../check/router-origin.ts";
import type { TranslatedManifests } from "../check/translate-manifests.ts";
import { explainNoRoute } from "./explain-no-route.ts";
import type { Explanation } from "./explanation.ts";
import { findListener } from "./find-listener.ts";
import { keysLeftToCluster } from "./keys-left-to-cluster.ts";
import { type ServiceNode, serviceTree } from "./service-tree.ts";
import { traceMiddlewares } from "./trace-middlewares.ts";

export interface RequestOptions {
  /** With its scheme; the path as the client sends it. */
  url: string;
  method: string;
  headers: readonly (readonly [name: string, value: string])[];
  /** Where the request comes in; else the URL's scheme and port tell. */
  entryPoint?: string;
  /** The client's address. */
  client: string;
}

/** Explains one request against a folder's table. Nothing is started or sent. */
export async function explainRequest(manifests: TranslatedManifests, options: RequestOptions): Promise<Explanation> {
  const { table } = manifests;
  const { method, url, headers: sent, client } = options;
  const target = parseTarget(url);
  const tls = target.scheme === "https";
  const headers = new Headers(sent.map(([name, value]): [string, string] => [name, value]));
  const host = headers.get("host") ?? target.authority;
  headers.delete("host");
  const entryPoint = options.entryPoint ?? (await findListener(target, table.entryPoints, manifests.listen));
  const path = normalisePath(target.path);
  const request = { method, url, host, path: path?.routingPath, entryPoint, tls };
  const nothing = { request, candidates: [], middlewares: [], below: [], problems: [] };
  if (path === undefined) {
    const reason = "the path is malformed: a `%` without two hex digits, or a `#`";
    return { ...nothing, answer: { status: 400, reason } };
  }
  const trusted = isTrustedClient(client, table.entryPoints[entryPoint ?? ""] ?? { port: 0 });
  const told = { trusted, assigned: [], scheme: target.scheme, host, clientAddress: client };
  const facts = createRequestFacts({
    host,
    routingPath: path.routingPath,
    method,
    headers,
    forwarded: (lowerName) => forwardedFact(lowerName, told, headers),
    query: target.query,
    clientAddress: client,
    country: () => headers.get("CF-IPCountry") ?? "",
  });
  const explained = explainMatch(table.routers, { entryPoint: entryPoint ?? "", tls }, facts);
  if (explained.winner === undefined || entryPoint === undefined) {
    return { ...nothing, candidates: explained.candidates, answer: explainNoRoute(explained, request, table) };
  }
  const exchange = createExchange({
    request: new Request("http://gateway.internal/", { method, headers }),
    scheme: target.scheme,
    entryPoint,
    host,
    path: path.path,
    query: target.query,
    client: { address: client, trusted },
    endpoints: (key) => table.endpoints[key],
    waitUntil: () => {},
  });
  dropConnectionHeaders(exchange);
  return { ...nothing, ...explained, ...(await explainRoute(explained.winner.router, exchange, manifests)) };
}

type RoutePart = Pick<Explanation, "answer" | "middlewares" | "below" | "service" | "problems">;

async function explainRoute(router: Router, exchange: Exchange, manifests: TranslatedManifests): Promise<RoutePart> {
  const { table, folder } = manifests;
  const problems = problemsOf(router, manifests);
  const nothing = { middlewares: [], below: [], problems };
  const closed = (reason: string): RoutePart => ({ ...nothing, answer: { status: 503, reason } });
  if (router.closedBy !== undefined) {
    return closed(`the route is closed (${router.closedBy}): it is never served without one of its guards`);
  }
  const trace = await traceMiddlewares(router.middlewares, table, exchange);
  if ("error" in trace) return closed(`the route is closed: ${trace.error}`);
  const { steps: middlewares } = trace;
  const last = middlewares.at(-1);
  if (last?.answers !== undefined) {
    const { status, location } = last.answers;
    const reason = `the middleware ${last.name} answers${location === undefined ? "" : `, to ${location}`}`;
    return { ...nothing, answer: { status, reason }, middlewares };
  }
  const behind = Object.hasOwn(table.services, router.service) ? table.services[router.service] : undefined;
  if (behind?.type === "routers") {
    return { ...nothing, middlewares, ...(await explainBelow(router, behind.routers, trace.exchange, manifests)) };
  }
  const leftToCluster = keysLeftToCluster(manifests.leftToCluster, folder.store);
  const header = (name: string): string | null => trace.exchange.headers.get(name);
  const service = serviceTree(router.service, { table, header, now: Date.now(), leftToCluster });
  const answer = answerOf(service);
  return { ...nothing, middlewares, service, ...(answer && { answer }) };
}

/** Which of the routers below one takes a request that its middlewares let through. */
async function explainBelow(
  parent: Router,
  routers: readonly ChildRouter[],
  exchange: Exchange,
  manifests: TranslatedManifests,
): Promise<Omit<RoutePart, "middlewares">> {
  const { entryPoint, scheme } = exchange;
  const listener = { entryPoint, tls: scheme === "https" };
  const standing = routers.map((router) => ({ ...router, entryPoints: [entryPoint], tls: listener.tls }));
  const facts = factsOfExchange(exchange, (request) => request.headers.get("CF-IPCountry") ?? "");
  const { winner, candidates } = explainMatch(standing, listener, facts, "all");
  const own = problemsOf(parent, manifests);
  if (winner === undefined) {
    const reason = `no route below ${parent.name} takes the request as its middlewares have left it`;
    return { answer: { status: 404, reason }, below: [{ candidates, middlewares: [] }], problems: own };
  }
  const { middlewares, below, problems, ...rest } = await explainRoute(winner.router, exchange, manifests);
  return { ...rest, below: [{ winner, candidates, middlewares }, ...below], problems: [...own, ...problems] };
}

function answerOf({ canServe, name, status }: ServiceNode): Explanation["answer"] {
  if (!canServe) return { status: 503, reason: "nobody behind the service can serve" };
  return status === undefined ? undefined : { status, reason: `${name} stands in for a service that cannot be used` };
}

/** What was found at the router's own route, and what is wrong with an object that closes it. */
function problemsOf(router: Router, { folder, problems }: TranslatedManifests): Problem[] {
  const origin = originOf(router, folder);
  if (origin === undefined) return [];
  const { object, path } = origin;
  // A router's rule stands in its route: `spec.routes[0].match` in `spec.routes[0]`.
  const rule = path.findIndex((part) => part === "match" || part === "matches");
  const route = rule === -1 ? path : path.slice(0, rule);
  return problems.filter((problem) => {
    const { kind, namespace, name } = problem.object;
    const isOwn = kind === object.kind && namespace === object.namespace && name === object.name;
    return isOwn && (route.every((part, index) => problem.path[index] === part) || problem.code === router.closedBy);
  });
}
