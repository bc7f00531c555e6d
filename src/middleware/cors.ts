import type { Exchange } from "../exchange/exchange.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { checkHeader } from "./check-header.ts";
import { compileTest } from "./compile-pattern.ts";

/** Cross-origin resource sharing (https://fetch.spec.whatwg.org/#http-cors-protocol), by Traefik's options. */
export interface Cors {
  /** The answer to a preflight; undefined for every other request. */
  preflight(exchange: Exchange): Response | undefined;
  /** Edits the answer to a request that came with this Origin. */
  respond(headers: Headers, origin: string | null): void;
}

/** @returns undefined when none of the options is set */
export function compileCors(options: MiddlewareOptions<"headers">): Cors | undefined {
  const {
    accessControlAllowCredentials: credentials = false,
    accessControlAllowHeaders: allowHeaders = [],
    accessControlAllowMethods: allowMethods = [],
    accessControlAllowOriginList: origins = [],
    accessControlAllowOriginListRegex: originPatterns = [],
    accessControlExposeHeaders: exposeHeaders = [],
    accessControlMaxAge: maxAge = 0,
    addVaryHeader = false,
  } = options;
  const lists = [allowHeaders, allowMethods, origins, originPatterns, exposeHeaders];
  if (!credentials && !addVaryHeader && maxAge === 0 && lists.every((list) => list.length === 0)) return undefined;

  const always = [
    ...(credentials ? [["Access-Control-Allow-Credentials", "true"] as const] : []),
    ...listHeader("Access-Control-Expose-Headers", exposeHeaders),
  ];
  const forPreflight = [
    ...(credentials ? [["Access-Control-Allow-Credentials", "true"] as const] : []),
    ...listHeader("Access-Control-Allow-Headers", allowHeaders),
    ...listHeader("Access-Control-Allow-Methods", allowMethods),
    ["Access-Control-Max-Age", String(Math.trunc(maxAge))] as const,
  ];
  const allowedOrigin = compileOrigins(origins, originPatterns);

  const respond = (headers: Headers, origin: string | null): void => {
    const allowed = allowedOrigin(origin);
    if (allowed !== undefined) headers.set("Access-Control-Allow-Origin", allowed);
    if (addVaryHeader && !variesByOrigin(headers)) headers.append("Vary", "Origin");
  };

  return {
    preflight({ request, headers }) {
      if (request.method !== "OPTIONS") return undefined;
      const origin = headers.get("origin");
      if (!origin || !headers.get("access-control-request-method")) return undefined;
      const answer = new Response(null, { status: 200 });
      for (const [name, value] of forPreflight) answer.headers.set(name, value);
      respond(answer.headers, origin);
      return answer;
    },
    respond(headers, origin) {
      for (const [name, value] of always) headers.set(name, value);
      respond(headers, origin);
    },
  };
}

/**
 * As in Traefik, `*` is answered by `*` also beside credentials: browsers refuse that, while naming whatever origin
 * asks would hand every site its visitors' sessions. Who means that writes a regular expression.
 */
function compileOrigins(origins: readonly string[], patterns: readonly string[]) {
  for (const origin of origins) checkHeader("Access-Control-Allow-Origin", origin);
  const tests = patterns.map(compileTest);
  return (origin: string | null): string | undefined => {
    const listed = origins.find((item) => item === "*" || item === origin);
    if (listed !== undefined || origin === null) return listed;
    return tests.some((pattern) => pattern.test(origin)) ? origin : undefined;
  };
}

function listHeader(name: string, values: readonly string[]): (readonly [string, string])[] {
  const value = values.join(",");
  checkHeader(name, value);
  return value === "" ? [] : [[name, value]];
}

const variesByOrigin = (headers: Headers): boolean =>
  (headers.get("vary") ?? "").split(",").some((name) => /^(?:origin|\*)$/i.test(name.trim()));
