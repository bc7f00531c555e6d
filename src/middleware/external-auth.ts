import { plainAnswer } from "../edge/plain-answer.ts";
import { dropBody } from "../exchange/drop-body.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange, keepsOwnBody } from "../exchange/fork-exchange.ts";
import { isContentLength, isHopByHop } from "../exchange/hop-by-hop.ts";
import { askAlike, VERDICT_TIMEOUT_MS } from "./ask-alike.ts";
import { checkHeaderName } from "./check-header.ts";
import { dropHeader, setOwnHeader } from "./drop-header.ts";
import { MAX_FORWARDED_BODY } from "./forward-auth.ts";
import { refuse } from "./forward-auth-answer.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { readBody } from "./read-body.ts";

/**
 * Gateway API's ExternalAuth over HTTP (https://gateway-api.sigs.k8s.io/geps/gep-1494/): a server is asked for what the
 * client asks for, under a prefix. 200 lets pass; any other answer goes to the client, and nobody passes when the server
 * cannot be asked. Unlike forwardAuth's, it sees the client's own method, host and path.
 */
export const externalAuth: MiddlewareFactory<"externalAuth"> = {
  type: "externalAuth",
  build({ service, path, allowedHeaders, allowedResponseHeaders, maxBodySize }, context) {
    const ask = context.service(service);
    const told = ["authorization", ...allowedHeaders.map(lowerCase)];
    const copied = allowedResponseHeaders.map(lowerCase);
    for (const name of [...told, ...copied]) checkHeaderName(name);
    const bodyLimit = Math.min(maxBodySize, MAX_FORWARDED_BODY);

    return (next) => async (exchange) => {
      let passed = exchange;
      let held: Uint8Array<ArrayBuffer> | undefined;
      const body = bodyLimit > 0 && !keepsOwnBody(exchange) ? bodyOf(exchange) : null;
      if (body !== null) {
        held = await readBody(body, bodyLimit);
        if (held === undefined) return plainAnswer(413);
        passed = forkExchange(exchange, { body: new Response(held).body });
      }
      const limit = context.runtime.timeout(VERDICT_TIMEOUT_MS);
      const question = createQuestion(exchange, { prefix: path, told, body: held, limit });
      const answer = await ask(question).catch(() => undefined);
      if (answer === undefined || question.failure !== undefined) {
        dropBody(answer);
        return plainAnswer(500);
      }
      if (answer.status !== 200 && !answer.ok) return refuse({ answer, body: answer.body });
      dropBody(answer);
      // Another success is none here, and would look like one to the client.
      if (answer.status !== 200) return plainAnswer(403);
      copyHeaders(passed, answer.headers, copied);
      const response = await next(passed);
      exchange.failure = passed.failure;
      return response;
    };
  },
};

const lowerCase = (name: string): string => name.toLowerCase();

interface QuestionOptions {
  prefix: string;
  /** Lower-case names of the headers that it has. */
  told: readonly string[];
  body: Uint8Array<ArrayBuffer> | undefined;
  limit: AbortSignal;
}

function createQuestion(exchange: Exchange, { prefix, told, body, limit }: QuestionOptions): Exchange {
  const headers = new Headers();
  for (const [name, value] of exchange.headers.current) {
    if (told.includes(name) && !isOfMessage(name)) headers.append(name, value);
  }
  return askAlike(exchange, {
    method: exchange.request.method,
    headers,
    path: `${prefix}${exchange.path}`,
    query: exchange.query,
    body,
    limit,
  });
}

/**
 * Puts headers of the server's answer into the request, in place of the client's. What is told in headers of these names
 * comes from the server alone; where none are named, all but those about the answer itself.
 */
function copyHeaders(exchange: Exchange, said: Headers, names: readonly string[]): void {
  for (const name of names) if (isCopied(name)) dropHeader(exchange, name);
  for (const [name, value] of said) {
    const isMeant = names.length === 0 ? !/^(?:content-|set-cookie$)/.test(name) : names.includes(name);
    if (isMeant && isCopied(name)) setOwnHeader(exchange, name, value);
  }
}

const isCopied = (lowerName: string): boolean => lowerName !== "host" && !isOfMessage(lowerName);

const isOfMessage = (lowerName: string): boolean => isHopByHop(lowerName) || isContentLength(lowerName);
