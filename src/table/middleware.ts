import * as z from "zod/mini";
import {
  circuitBreakerSchema,
  inFlightReqSchema,
  rateLimitSchema,
  retrySchema,
  timeoutSchema,
} from "./guard-middleware.ts";
import { ipStrategySchema } from "./source-criterion.ts";

/**
 * The middlewares of the table. Field names and defaults are Traefik's
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/).
 */
const stringMap = z.record(z.string(), z.string());
const strings = z.array(z.string());

export const addPrefixSchema = z.strictObject({ type: z.literal("addPrefix"), prefix: z.string() });

export const stripPrefixSchema = z.strictObject({ type: z.literal("stripPrefix"), prefixes: strings });

export const stripPrefixRegexSchema = z.strictObject({ type: z.literal("stripPrefixRegex"), regex: strings });

export const replacePathSchema = z.strictObject({ type: z.literal("replacePath"), path: z.string() });

export const replacePathRegexSchema = z.strictObject({
  type: z.literal("replacePathRegex"),
  regex: z.string(),
  replacement: z.string(),
});

/** Gateway API's URLRewrite: a replaced host, and a path replaced whole or by its matched prefix. */
const urlRewriteSchema = z.strictObject({
  type: z.literal("urlRewrite"),
  hostname: z.optional(z.string()),
  path: z.optional(
    z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("full"), path: z.string() }),
      z.strictObject({ type: z.literal("prefix"), from: z.string(), to: z.string() }),
    ]),
  ),
});

export const redirectSchemeSchema = z.strictObject({
  type: z.literal("redirectScheme"),
  scheme: z.string(),
  port: z.optional(z.string()),
  permanent: z.boolean(),
});

export const redirectRegexSchema = z.strictObject({
  type: z.literal("redirectRegex"),
  regex: z.string(),
  replacement: z.string(),
  permanent: z.boolean(),
});

/** Gateway API's RequestRedirect. Fields left out keep the request's own value. */
const requestRedirectSchema = z.strictObject({
  type: z.literal("requestRedirect"),
  scheme: z.optional(z.string()),
  hostname: z.optional(z.string()),
  /** Already resolved by the translator; the well-known port of the scheme is not written. */
  port: z.optional(z.number()),
  statusCode: z.number(),
  path: z.optional(
    z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("full"), path: z.string() }),
      z.strictObject({ type: z.literal("prefix"), from: z.string(), to: z.string() }),
    ]),
  ),
});

/** Gateway API's header modifiers: set, add, remove, in this order; also for responses. */
const headerModifierSchema = z.strictObject({
  type: z.literal("headerModifier"),
  on: z.enum(["request", "response"]),
  set: z.optional(z.array(z.strictObject({ name: z.string(), value: z.string() }))),
  add: z.optional(z.array(z.strictObject({ name: z.string(), value: z.string() }))),
  remove: z.optional(strings),
});

/** Traefik's `headers`: an empty custom value deletes the header. Times in seconds. */
export const headersSchema = z.strictObject({
  type: z.literal("headers"),
  customRequestHeaders: z.optional(stringMap),
  customResponseHeaders: z.optional(stringMap),
  accessControlAllowCredentials: z.optional(z.boolean()),
  accessControlAllowHeaders: z.optional(strings),
  accessControlAllowMethods: z.optional(strings),
  accessControlAllowOriginList: z.optional(strings),
  accessControlAllowOriginListRegex: z.optional(strings),
  accessControlExposeHeaders: z.optional(strings),
  accessControlMaxAge: z.optional(z.number()),
  addVaryHeader: z.optional(z.boolean()),
  allowedHosts: z.optional(strings),
  hostsProxyHeaders: z.optional(strings),
  sslProxyHeaders: z.optional(stringMap),
  sslRedirect: z.optional(z.boolean()),
  sslTemporaryRedirect: z.optional(z.boolean()),
  sslHost: z.optional(z.string()),
  sslForceHost: z.optional(z.boolean()),
  stsSeconds: z.optional(z.number()),
  stsIncludeSubdomains: z.optional(z.boolean()),
  stsPreload: z.optional(z.boolean()),
  forceSTSHeader: z.optional(z.boolean()),
  frameDeny: z.optional(z.boolean()),
  customFrameOptionsValue: z.optional(z.string()),
  contentTypeNosniff: z.optional(z.boolean()),
  browserXssFilter: z.optional(z.boolean()),
  customBrowserXSSValue: z.optional(z.string()),
  contentSecurityPolicy: z.optional(z.string()),
  contentSecurityPolicyReportOnly: z.optional(z.string()),
  publicKey: z.optional(z.string()),
  referrerPolicy: z.optional(z.string()),
  permissionsPolicy: z.optional(z.string()),
  featurePolicy: z.optional(z.string()),
  isDevelopment: z.optional(z.boolean()),
});

export const ipAllowListSchema = z.strictObject({
  type: z.literal("ipAllowList"),
  sourceRange: strings,
  ipStrategy: z.optional(ipStrategySchema),
  rejectStatusCode: z.number(),
});

const passwordOptions = {
  /** Lines of htpasswd or htdigest, as a sealed JSON list (`src/seal`). */
  users: z.string(),
  realm: z.string(),
  /** Whether the service is spared the credentials. */
  removeHeader: z.boolean(),
  /** The header that tells the service who it is. */
  headerField: z.optional(z.string()),
};
const basicAuthSchema = z.strictObject({ type: z.literal("basicAuth"), ...passwordOptions });
const digestAuthSchema = z.strictObject({ type: z.literal("digestAuth"), ...passwordOptions });

export const contentTypeSchema = z.strictObject({ type: z.literal("contentType"), autoDetect: z.boolean() });

const forwardAuthSchema = z.strictObject({
  type: z.literal("forwardAuth"),
  /** Who is asked, by its name in the table. */
  service: z.string(),
  /** The URL that it is asked for. */
  address: z.string(),
  trustForwardHeader: z.boolean(),
  authResponseHeaders: strings,
  authResponseHeadersRegex: z.optional(z.string()),
  /** Empty: all. */
  authRequestHeaders: strings,
  addAuthCookiesToResponse: strings,
  forwardBody: z.boolean(),
  /** Bytes; -1: as many as are held at all. */
  maxBodySize: z.number(),
  /** Bytes; -1: no limit. */
  maxResponseBodySize: z.number(),
  preserveLocationHeader: z.boolean(),
  preserveRequestMethod: z.boolean(),
  /** The header in which the server tells the access log who it is. */
  headerField: z.optional(z.string()),
  /** Where clients are sent whom the server answers 401. */
  authSigninURL: z.optional(z.string()),
});

/** Gateway API's ExternalAuth over HTTP. */
const externalAuthSchema = z.strictObject({
  type: z.literal("externalAuth"),
  /** Who is asked, by its name in the table. */
  service: z.string(),
  /** What it has before the paths that clients ask for; empty, or without a slash at its end. */
  path: z.string(),
  /** Of the request, beside Authorization. */
  allowedHeaders: strings,
  /** Of its answers; empty: all. */
  allowedResponseHeaders: strings,
  /** Bytes of a body that it is shown; 0: none. */
  maxBodySize: z.number(),
});

export const grpcWebSchema = z.strictObject({
  type: z.literal("grpcWeb"),
  /** Of pages that may call; `*` is any. */
  allowOrigins: strings,
});

const errorsSchema = z.strictObject({
  type: z.literal("errors"),
  /** Statuses and ranges of them: `404`, `500-599`. */
  status: strings,
  /** Statuses by such ranges; a status by itself goes before ranges. */
  statusRewrites: z.record(z.string(), z.number()),
  /** Who has the pages, by its name in the table. */
  service: z.string(),
  /** Path and query of a page, with `{status}`, `{originalStatus}` and `{url}`. */
  query: z.string(),
  /** Left out: all that make sense. */
  errorRequestHeaders: z.optional(strings),
});

export const encodedCharactersSchema = z.strictObject({
  type: z.literal("encodedCharacters"),
  allowEncodedSlash: z.optional(z.boolean()),
  allowEncodedBackSlash: z.optional(z.boolean()),
  allowEncodedNullCharacter: z.optional(z.boolean()),
  allowEncodedSemicolon: z.optional(z.boolean()),
  allowEncodedPercent: z.optional(z.boolean()),
  allowEncodedQuestionMark: z.optional(z.boolean()),
  allowEncodedHash: z.optional(z.boolean()),
});

const issuerInfo = {
  country: z.optional(z.boolean()),
  province: z.optional(z.boolean()),
  locality: z.optional(z.boolean()),
  organization: z.optional(z.boolean()),
  commonName: z.optional(z.boolean()),
  serialNumber: z.optional(z.boolean()),
  domainComponent: z.optional(z.boolean()),
};
export const passTLSClientCertSchema = z.strictObject({
  type: z.literal("passTLSClientCert"),
  pem: z.optional(z.boolean()),
  info: z.optional(
    z.strictObject({
      notAfter: z.optional(z.boolean()),
      notBefore: z.optional(z.boolean()),
      sans: z.optional(z.boolean()),
      serialNumber: z.optional(z.boolean()),
      subject: z.optional(z.strictObject({ ...issuerInfo, organizationalUnit: z.optional(z.boolean()) })),
      issuer: z.optional(z.strictObject(issuerInfo)),
    }),
  ),
});

/** Limits in bytes; 0: none. */
const bufferingSchema = z.strictObject({
  type: z.literal("buffering"),
  maxRequestBodyBytes: z.number(),
  maxResponseBodyBytes: z.number(),
});

/** Sluice's own. Either `keys`, or `jwksUrl` with `service`. */
const jwtSchema = z.strictObject({
  type: z.literal("jwt"),
  /** A JSON Web Key Set, sealed (`src/seal`). */
  keys: z.optional(z.string()),
  jwksUrl: z.optional(z.string()),
  /** Who has the key set, by its name in the table. */
  service: z.optional(z.string()),
  issuer: z.optional(z.string()),
  /** One of them; empty: any. */
  audience: strings,
  /** Claims, by name or path, and the values of which they must have one. */
  requiredClaims: z.record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean()]))),
  /** Headers for the service, each with the claim that it tells. */
  forwardClaims: stringMap,
  /** Whether the service is spared the token. */
  removeHeader: z.boolean(),
});

const chainSchema = z.strictObject({ type: z.literal("chain"), middlewares: strings });

export const middlewareSchema = z.discriminatedUnion("type", [
  addPrefixSchema,
  stripPrefixSchema,
  stripPrefixRegexSchema,
  replacePathSchema,
  replacePathRegexSchema,
  urlRewriteSchema,
  redirectSchemeSchema,
  redirectRegexSchema,
  requestRedirectSchema,
  headerModifierSchema,
  headersSchema,
  ipAllowListSchema,
  basicAuthSchema,
  digestAuthSchema,
  contentTypeSchema,
  forwardAuthSchema,
  externalAuthSchema,
  inFlightReqSchema,
  circuitBreakerSchema,
  retrySchema,
  timeoutSchema,
  grpcWebSchema,
  rateLimitSchema,
  errorsSchema,
  encodedCharactersSchema,
  passTLSClientCertSchema,
  bufferingSchema,
  jwtSchema,
  chainSchema,
]);
export type Middleware = z.infer<typeof middlewareSchema>;
export type MiddlewareType = Middleware["type"];
type OptionsByType = { [M in Middleware as M["type"]]: M };
/** The options of one middleware type. */
export type MiddlewareOptions<T extends MiddlewareType> = OptionsByType[T];
