import { dropBody } from "../exchange/drop-body.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { isHopByHop } from "../exchange/hop-by-hop.ts";
import { askAlike } from "./ask-alike.ts";
import { compileStatuses } from "./compile-statuses.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { invalid } from "./middleware-error.ts";

/** Headers about the client's body, its WebSocket, and what it has already: the page is none of these. */
const NOT_ASKED = /^(?:content-.*|if-.*|range|sec-websocket-.*)$/;

/**
 * Traefik's errors (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/errorpages/): answers of
 * these statuses get the page that a service has for them. An answer whose page cannot be had stays as it is.
 */
export const errors: MiddlewareFactory<"errors"> = {
  type: "errors",
  build({ status, statusRewrites, service, query, errorRequestHeaders }, context) {
    const isMeant = compileStatuses(status);
    // A status by itself goes before ranges that it lies in.
    const rewrites = Object.entries(statusRewrites)
      .sort(([one], [other]) => one.length - other.length)
      .map(([range, to]) => ({ test: compileStatuses([range]), to }));
    for (const { to } of rewrites) if (!(to >= 200 && to <= 599)) throw invalid(`${to} is not a status`);
    const names = errorRequestHeaders?.map((name) => name.toLowerCase());
    const ask = context.service(service);

    return (next) => async (exchange) => {
      // What is behind this may change it.
      const { path, query: asked } = exchange;
      const answer = await next(exchange);
      if (!isMeant(answer.status) || answer.status < 200) return answer;
      const code = rewrites.find(({ test }) => test(answer.status))?.to ?? answer.status;
      const url = `${exchange.scheme}://${exchange.authority}${path}${asked}`;
      const target = pageTarget(query, { status: code, originalStatus: answer.status, url });
      const question = createQuestion(exchange, target, names);
      const page = await ask(question).catch(() => undefined);
      if (page === undefined || question.failure !== undefined) {
        dropBody(page);
        return answer;
      }
      dropBody(answer);
      const hasBody = ![204, 205, 304].includes(code);
      if (!hasBody) dropBody(page);
      return new Response(hasBody ? page.body : null, { status: code, headers: page.headers });
    };
  },
};

/** What the page is asked for by; `{url}` is what the client asked for, whole, so that it can be sent there again. */
function pageTarget(query: string, about: { status: number; originalStatus: number; url: string }): string {
  if (query === "") return "/";
  const values: Readonly<Record<string, string>> = {
    "{status}": String(about.status),
    "{originalStatus}": String(about.originalStatus),
    "{url}": encodeURIComponent(about.url),
  };
  return `/${query.replace(/^\//, "")}`.replace(/\{(?:status|originalStatus|url)\}/g, (name) => values[name] ?? name);
}

/** A GET for the page, by the same client. */
function createQuestion(exchange: Exchange, target: string, names: readonly string[] | undefined): Exchange {
  const headers = new Headers();
  for (const [name, value] of exchange.headers.current) {
    if (isHopByHop(name) || NOT_ASKED.test(name)) continue;
    if (names === undefined || names.includes(name)) headers.append(name, value);
  }
  const mark = target.indexOf("?");
  return askAlike(exchange, {
    method: "GET",
    headers,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? "" : target.slice(mark),
  });
}
