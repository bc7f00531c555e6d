import type { Exchange } from "../exchange/exchange.ts";
import { compileRegexp } from "../rule/regexp.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { checkHeaderText } from "./check-header-text.ts";
import { MiddlewareError } from "./middleware-error.ts";

/** Cross-origin resource sharing (https://fetch.spec.whatwg.org/#http-cors-protocol), as Traefik's options say it. */
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
  if (!credentials && maxAge === 0 && lists.every((list) => list.length === 0)) return undefined;
  for (const text of [...allowHeaders, ...allowMethods, ...origins, ...exposeHeaders]) checkHeaderText("CORS", text);
  const patterns = originPatterns.map(compilePattern);

  /** With credentials a browser takes no `*`, so the origin is named. */
  const allowedOrigin = (origin: string): string | undefined => {
    if (origins.includes("*")) return credentials ? origin : "*";
    return origins.includes(origin) || patterns.some((pattern) => pattern.test(origin)) ? origin : undefined;
  };
  const allow = (headers: Headers, origin: string | null): void => {
    const allowed = origin === null ? undefined : allowedOrigin(origin);
    if (allowed !== undefined) headers.set("Access-Control-Allow-Origin", allowed);
    if (credentials) headers.set("Access-Control-Allow-Credentials", "true");
  };

  return {
    preflight({ request, headers }) {
      const origin = headers.get("Origin");
      if (request.method !== "OPTIONS" || origin === null) return undefined;
      if (headers.get("Access-Control-Request-Method") === null) return undefined;
      const answer = new Headers({ "Content-Length": "0" });
      allow(answer, origin);
      if (allowHeaders.length > 0) answer.set("Access-Control-Allow-Headers", allowHeaders.join(","));
      if (allowMethods.length > 0) answer.set("Access-Control-Allow-Methods", allowMethods.join(","));
      if (maxAge !== 0) answer.set("Access-Control-Max-Age", String(maxAge));
      if (addVaryHeader) answer.set("Vary", "Origin");
      return new Response(null, { status: 200, headers: answer });
    },
    respond(headers, origin) {
      allow(headers, origin);
      if (exposeHeaders.length > 0) headers.set("Access-Control-Expose-Headers", exposeHeaders.join(","));
      if (addVaryHeader && !varies(headers)) headers.append("Vary", "Origin");
    },
  };
}

const varies = (headers: Headers): boolean =>
  (headers.get("Vary") ?? "").split(",").some((name) => /^(origin|\*)$/i.test(name.trim()));

function compilePattern(pattern: string) {
  try {
    return compileRegexp(pattern);
  } catch (error) {
    throw new MiddlewareError("invalid-options", `${pattern} is not a regular expression`, { cause: error });
  }
}
