import type { Handler } from "../../src/exchange/exchange.ts";
import { bodyOf } from "../../src/exchange/fork-exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import { testRuntime } from "./auth-runtime.ts";
import { exchangeOf, type Sent } from "./run-middleware.ts";

const textOf = async (body: ReadableStream<Uint8Array> | null): Promise<string | undefined> =>
  body === null ? undefined : new Response(body).text();

/** Asks a middleware that asks a server, once; what the server was asked, what the service got, and what the client got. */
export const askServer =
  <Options>(middleware: (more: Options) => Middleware) =>
  async (
    more: Options,
    sent: Sent,
    answer: () => Response | Promise<Response> = () => new Response(null),
    originAnswer: () => Response = () => new Response("origin"),
  ) => {
    let question:
      | { url: string; method: string; headers: Record<string, string>; body: string | undefined }
      | undefined;
    const service: Handler = async (exchange) => {
      const { request, host, path, query, headers, scheme } = exchange;
      question = {
        url: `${scheme}://${host}${path}${query}`,
        method: request.method,
        headers: Object.fromEntries(headers.current),
        body: await textOf(bodyOf(exchange)),
      };
      return answer();
    };
    const wrap = buildMiddlewares({ it: middleware(more) }, () => service, testRuntime())("it");
    const exchange = exchangeOf(sent);
    let origin: { headers: Record<string, string>; body: string | undefined } | undefined;
    const response = await wrap(async (passed) => {
      origin = { headers: Object.fromEntries(passed.headers.current), body: await textOf(bodyOf(passed)) };
      return originAnswer();
    })(exchange);
    return { question, origin, response, assigned: exchange.headers.assigned };
  };
