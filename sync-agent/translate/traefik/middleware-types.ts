import type * as z from "zod";
import { compileRegexp, RegexpError } from "../../../src/rule/regexp.ts";
import {
  addPrefixSchema,
  contentTypeSchema,
  encodedCharactersSchema,
  grpcWebSchema,
  headersSchema,
  ipAllowListSchema,
  type MiddlewareOptions,
  passTLSClientCertSchema,
  redirectRegexSchema,
  redirectSchemeSchema,
  replacePathRegexSchema,
  replacePathSchema,
  stripPrefixRegexSchema,
} from "../../../src/table/middleware.ts";
import { basicAuthSpec, readBasicAuth } from "./basic-auth.ts";
import { circuitBreakerSpec, readCircuitBreaker } from "./circuit-breaker.ts";
import { digestAuthSpec, readDigestAuth } from "./digest-auth.ts";
import { errorsSpec, readErrors } from "./errors.ts";
import { forwardAuthSpec, readForwardAuth } from "./forward-auth.ts";
import { inFlightReqSpec, readInFlightReq } from "./in-flight-req.ts";
import { jwtSpec, readJwt, readPlugin } from "./jwt.ts";
import { bufferingSpec, readBuffering, readCompress } from "./platform-middlewares.ts";
import { rateLimitSpec, readRateLimit } from "./rate-limit.ts";
import { type ReadOptions, reader } from "./read-options.ts";
import { readRetry, retrySpec } from "./retry.ts";
import { badBlock, badIpStrategy } from "./source-criterion.ts";
import { readStripPrefix } from "./strip-prefix.ts";

/** The types with options of their own, by Traefik's names; `chain` is made of references and stands elsewhere. */
export const middlewareTypes: Readonly<Record<string, ReadOptions>> = {
  addPrefix: reader("addPrefix", addPrefixSchema),
  stripPrefix: readStripPrefix,
  stripPrefixRegex: reader("stripPrefixRegex", stripPrefixRegexSchema, {}, ({ regex }) => badRegexp(regex)),
  replacePath: reader("replacePath", replacePathSchema),
  replacePathRegex: reader("replacePathRegex", replacePathRegexSchema, {}, ({ regex }) => badRegexp([regex])),
  redirectScheme: reader("redirectScheme", redirectSchemeSchema, { permanent: false }),
  redirectRegex: reader("redirectRegex", redirectRegexSchema, { permanent: false }, ({ regex }) => badRegexp([regex])),
  headers: reader("headers", headersSchema, {}, badHeaders),
  ipAllowList: reader("ipAllowList", ipAllowListSchema, { rejectStatusCode: 403 }, badAllowList),
  /** Deprecated: the older name. */
  ipWhiteList: reader("ipAllowList", ipAllowListSchema, { rejectStatusCode: 403 }, badAllowList),
  basicAuth: readBasicAuth,
  digestAuth: readDigestAuth,
  encodedCharacters: reader("encodedCharacters", encodedCharactersSchema),
  buffering: readBuffering,
  compress: readCompress,
  errors: readErrors,
  passTLSClientCert: reader("passTLSClientCert", passTLSClientCertSchema),
  forwardAuth: readForwardAuth,
  inFlightReq: readInFlightReq,
  circuitBreaker: readCircuitBreaker,
  retry: readRetry,
  grpcWeb: reader("grpcWeb", grpcWebSchema, { allowOrigins: [] }),
  rateLimit: readRateLimit,
  jwt: readJwt,
  plugin: readPlugin,
  contentType: reader("contentType", contentTypeSchema, { autoDetect: true }),
};

/** The manifests' form of the types whose options the table has in another. */
export const middlewareSpecs: Readonly<Record<string, z.core.$ZodType>> = {
  basicAuth: basicAuthSpec,
  buffering: bufferingSpec,
  digestAuth: digestAuthSpec,
  errors: errorsSpec,
  forwardAuth: forwardAuthSpec,
  inFlightReq: inFlightReqSpec,
  circuitBreaker: circuitBreakerSpec,
  retry: retrySpec,
  jwt: jwtSpec,
  rateLimit: rateLimitSpec,
};

function badRegexp(patterns: readonly string[]): string | undefined {
  for (const pattern of patterns) {
    try {
      compileRegexp(pattern);
    } catch (error) {
      if (!(error instanceof RegexpError)) throw error;
      return `the regular expression \`${pattern}\` is not valid: ${error.message}`;
    }
  }
  return undefined;
}

/** A field name is a token, and a value has no line ends (RFC 9110, section 5): else one header could forge others. */
function badHeaders(options: MiddlewareOptions<"headers">): string | undefined {
  const { customRequestHeaders = {}, customResponseHeaders = {}, sslProxyHeaders = {} } = options;
  for (const headers of [customRequestHeaders, customResponseHeaders, sslProxyHeaders]) {
    for (const [name, value] of Object.entries(headers)) {
      if (!/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(name)) return `\`${name}\` is not a header name`;
      if (/[\r\n\0]/.test(value)) return `the value of \`${name}\` holds a line end`;
    }
  }
  for (const [field, value] of Object.entries(options)) {
    if (typeof value === "string" && /[\r\n\0]/.test(value)) return `the value of \`${field}\` holds a line end`;
  }
  return badRegexp(options.accessControlAllowOriginListRegex ?? []);
}

function badAllowList({
  sourceRange,
  ipStrategy,
  rejectStatusCode,
}: MiddlewareOptions<"ipAllowList">): string | undefined {
  if (sourceRange.length === 0) return "`sourceRange` is empty, so that nobody could pass";
  if (!(rejectStatusCode >= 200 && rejectStatusCode <= 599)) return `${rejectStatusCode} is not a status`;
  return badBlock(sourceRange) ?? badIpStrategy(ipStrategy);
}
