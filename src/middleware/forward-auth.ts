import { plainAnswer } from "../edge/plain-answer.ts";
import { editResponse } from "../exchange/edit-response.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange, keepsOwnBody } from "../exchange/fork-exchange.ts";
import { checkHeaderName } from "./check-header.ts";
import { compileTest } from "./compile-pattern.ts";
import { dropHeader } from "./drop-header.ts";
import { createQuestion } from "./forward-auth-request.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { readBody } from "./read-body.ts";

/** Bytes of a body that are held to be asked about, where no limit is given: an isolate has 128 MB for all requests. */
export const MAX_FORWARDED_BODY = 4 * 1024 * 1024;

/**
 * Traefik's forwardAuth (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/forwardauth/): a
 * server is asked about each request. An answer of 200 to 299 lets it pass, with what the server says of it in headers; any
 * other goes to the client. Nobody passes when the server cannot be asked.
 */
export const forwardAuth: MiddlewareFactory<"forwardAuth"> = {
  type: "forwardAuth",
  build(options, context) {
    const address = new URL(options.address);
    const ask = context.service(options.service);
    const carryOver = compileCarryOver(options.authResponseHeaders, options.authResponseHeadersRegex);
    const bodyLimit = options.maxBodySize < 0 ? MAX_FORWARDED_BODY : Math.min(options.maxBodySize, MAX_FORWARDED_BODY);

    return (next) => async (exchange) => {
      let passed = exchange;
      let held: Uint8Array<ArrayBuffer> | undefined;
      const body = options.forwardBody && !keepsOwnBody(exchange) ? bodyOf(exchange) : null;
      if (body !== null) {
        held = await readBody(body, bodyLimit);
        if (held === undefined) return plainAnswer(401);
        passed = forkExchange(exchange, { body: new Response(held).body });
      }
      const question = createQuestion(exchange, address, options, held);
      const answer = await ask(question).catch(() => undefined);
      if (answer === undefined || question.failure !== undefined) return plainAnswer(500);
      if (!answer.ok) return refuse(answer, address, options);
      void answer.body?.cancel().catch(() => {});
      carryOver(passed, answer.headers);
      const response = await next(passed);
      exchange.failure = passed.failure;
      return addCookies(response, answer.headers, options.addAuthCookiesToResponse);
    };
  },
};

/**
 * Replaces headers of the request by those of the server's answer. What the client sent under their names goes whether
 * or not the server says something: else it could say who it is itself.
 */
function compileCarryOver(names: readonly string[], pattern: string | undefined) {
  for (const name of names) checkHeaderName(name);
  const test = pattern === undefined ? undefined : compileTest(pattern);
  const isMeant = (name: string): boolean => !OF_MESSAGE.has(name) && test?.test(canonicalName(name)) === true;
  return (exchange: Exchange, said: Headers): void => {
    const { headers } = exchange;
    for (const name of names) dropHeader(exchange, name);
    if (test !== undefined) {
      for (const name of [...headers.current.keys()]) {
        if (isMeant(name) || isMeant(name.replaceAll("_", "-"))) headers.delete(name);
      }
      for (const [name, value] of said) {
        if (isMeant(name)) headers.set(name, value);
      }
    }
    for (const name of names) {
      const value = said.get(name);
      if (value !== null) headers.set(name, value);
    }
  };
}

/** `X-User-Id`: the form that patterns are written for. */
const canonicalName = (name: string): string => name.replace(/(^|-)([a-z])/g, (letter) => letter.toUpperCase());

const HOP_BY_HOP = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/** Headers of the server's own answer: a pattern that fits everything does not mean these. */
const OF_MESSAGE: ReadonlySet<string> = new Set([...HOP_BY_HOP, "content-length", "content-encoding", "set-cookie"]);

async function refuse(
  answer: Response,
  address: URL,
  options: { preserveLocationHeader: boolean; maxResponseBodySize: number },
): Promise<Response> {
  const location = answer.headers.get("location");
  const limit = options.maxResponseBodySize;
  let body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null = answer.body;
  if (limit >= 0 && answer.body !== null) {
    const held = await readBody(answer.body, limit);
    if (held === undefined) return plainAnswer(401);
    body = held.length === 0 ? null : held;
  }
  const refusal = new Response(body, answer);
  if (limit >= 0) refusal.headers.delete("content-length");
  for (const name of HOP_BY_HOP) refusal.headers.delete(name);
  if (location !== null && !options.preserveLocationHeader && URL.canParse(location, address.href)) {
    refusal.headers.set("Location", new URL(location, address.href).href);
  }
  return refusal;
}

/** Cookies of these names come from the server and from nobody else. */
function addCookies(response: Response, said: Headers, names: readonly string[]): Response {
  const cookies = said.getSetCookie().filter((cookie) => names.includes(cookieName(cookie)));
  if (cookies.length === 0) return response;
  return editResponse(response, (edited) => {
    const others = edited.getSetCookie().filter((cookie) => !names.includes(cookieName(cookie)));
    edited.delete("Set-Cookie");
    for (const cookie of [...others, ...cookies]) edited.append("Set-Cookie", cookie);
  });
}

const cookieName = (cookie: string): string => cookie.slice(0, cookie.indexOf("=")).trim();
