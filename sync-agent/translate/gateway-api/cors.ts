import type { MiddlewareOptions } from "../../../src/table/middleware.ts";
import type { Filter } from "./filter-schema.ts";

type Cors = Extract<Filter, { type: "CORS" }>["cors"];

/** The methods that `*` stands for where a browser takes no `*`. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

/**
 * Gateway API's CORS filter in the words of Traefik's `headers` (https://gateway-api.sigs.k8s.io/geps/gep-1767/).
 * Undefined for what these cannot say: with credentials no browser takes `*` for headers, and the headers that a
 * request asks for are not echoed.
 */
export function corsOptions(cors: Cors): MiddlewareOptions<"headers"> | undefined {
  const { allowOrigins, allowCredentials, allowMethods, allowHeaders, exposeHeaders, maxAge } = cors;
  if (allowCredentials && (allowHeaders.includes("*") || exposeHeaders.includes("*"))) return undefined;
  const isPattern = (origin: string): boolean => origin !== "*" && origin.includes("*");
  const methods = allowCredentials && allowMethods.includes("*") ? METHODS : allowMethods;
  return {
    type: "headers",
    accessControlAllowOriginList: allowOrigins.filter((origin) => !isPattern(origin)),
    accessControlAllowOriginListRegex: allowOrigins.filter(isPattern).map(originPattern),
    accessControlAllowCredentials: allowCredentials,
    accessControlAllowMethods: methods,
    accessControlAllowHeaders: allowHeaders,
    accessControlExposeHeaders: exposeHeaders,
    accessControlMaxAge: maxAge,
    addVaryHeader: true,
  };
}

/** A `*` takes any labels of a host, and nothing else of an origin. */
const originPattern = (origin: string): string =>
  `^${origin.replace(/[\\^$.*+?()[\]{}|]/g, (character) => (character === "*" ? "[A-Za-z0-9.-]+" : `\\${character}`))}$`;
