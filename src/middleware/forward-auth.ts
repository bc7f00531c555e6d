import { plainAnswer } from "../edge/plain-answer.ts";
import { dropBody } from "../exchange/drop-body.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange, keepsOwnBody } from "../exchange/fork-exchange.ts";
import { isContentLength, isHopByHop } from "../exchange/hop-by-hop.ts";
import { VERDICT_TIMEOUT_MS } from "./ask-alike.ts";
import { checkHeaderName } from "./check-header.ts";
import { compileTest } from "./compile-pattern.ts";
import { dropHeader } from "./drop-header.ts";
import { addCookies, compileSignIn, readVerdict, refuse } from "./forward-auth-answer.ts";
import { createQuestion } from "./forward-auth-request.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { readBody } from "./read-body.ts";

/** Bytes of a body that are held to be asked about, where no limit is given: an isolate has 128 MB for all requests. */
export const MAX_FORWARDED_BODY = 4 * 1024 * 1024;

/**
 * Traefik's forwardAuth (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/forwardauth/): a
 * server is asked about each request. An answer of 200 to 299 lets it pass, with what the server says of it in headers; any
 * other goes to the client. Nobody passes when the server cannot be asked, or
 * does not answer in time.
 */
export const forwardAuth: MiddlewareFactory<"forwardAuth"> = {
  type: "forwardAuth",
  build(options, context) {
    const { headerField, authSigninURL, preserveLocationHeader } = options;
    const { timeout } = context.runtime;
    const address = new URL(options.address);
    const ask = context.service(options.service);
    const carryOver = compileCarryOver(options.authResponseHeaders, options.authResponseHeadersRegex);
    const bodyLimit = options.maxBodySize < 0 ? MAX_FORWARDED_BODY : Math.min(options.maxBodySize, MAX_FORWARDED_BODY);
    const signIn = authSigninURL === undefined ? undefined : compileSignIn(authSigninURL);
    if (headerField !== undefined) checkHeaderName(headerField);

    return (next) => async (exchange) => {
      let passed = exchange;
      let held: Uint8Array<ArrayBuffer> | undefined;
      const body = options.forwardBody && !keepsOwnBody(exchange) ? bodyOf(exchange) : null;
      if (body !== null) {
        held = await readBody(body, bodyLimit);
        if (held === undefined) return plainAnswer(401);
        passed = forkExchange(exchange, { body: new Response(held).body });
      }
      const question = createQuestion(exchange, address, options, held, timeout(VERDICT_TIMEOUT_MS));
      const answer = await ask(question).catch(() => undefined);
      if (answer === undefined || question.failure !== undefined) {
        dropBody(answer);
        return plainAnswer(500);
      }
      const verdict = await readVerdict(answer, options.maxResponseBodySize, question.signal);
      if (verdict instanceof Response) return verdict;
      const user = headerField === undefined ? null : answer.headers.get(headerField);
      if (exchange.access !== undefined && user) exchange.access.user = user;
      const isSentToSignIn = answer.status === 401 && signIn !== undefined;
      if (!answer.ok && !isSentToSignIn) return refuse(verdict, preserveLocationHeader ? undefined : address);
      dropBody(answer);
      if (isSentToSignIn) return signIn(exchange);
      carryOver(passed, answer.headers);
      const response = await next(passed);
      exchange.failure = passed.failure;
      return addCookies(response, answer.headers, options.addAuthCookiesToResponse);
    };
  },
};

/**
 * Replaces headers of the request by those of the server's answer. What the client sent under their names goes whether
 * or not the server says something: else it could say who it is itself. Headers of the server's own message are never
 * among them.
 */
function compileCarryOver(names: readonly string[], pattern: string | undefined) {
  for (const name of names) checkHeaderName(name);
  const named = names.filter((name) => !isOfMessage(name.toLowerCase()));
  const test = pattern === undefined ? undefined : compileTest(pattern);
  const isMeant = (name: string): boolean =>
    !isOfMessage(name) && !NOT_BY_PATTERN.has(name) && test?.test(canonicalName(name)) === true;
  return (exchange: Exchange, said: Headers): void => {
    const { headers } = exchange;
    for (const name of named) dropHeader(exchange, name);
    if (test !== undefined) {
      for (const name of [...headers.current.keys()]) {
        if (isMeant(name) || isMeant(name.replaceAll("_", "-"))) headers.delete(name);
      }
      for (const [name, value] of said) {
        if (isMeant(name)) headers.set(name, value);
      }
    }
    for (const name of named) {
      const value = said.get(name);
      if (value !== null) headers.set(name, value);
    }
  };
}

/** `X-User-Id`: the form that patterns are written for. */
const canonicalName = (name: string): string => name.replace(/(^|-)([a-z])/g, (letter) => letter.toUpperCase());

/** Headers by which the server's own message is read: another message would end elsewhere by them. */
const isOfMessage = (lowerName: string): boolean => isHopByHop(lowerName) || isContentLength(lowerName);

/** A pattern that fits everything does not mean these. */
const NOT_BY_PATTERN: ReadonlySet<string> = new Set(["content-encoding", "set-cookie"]);
