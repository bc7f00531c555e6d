import type * as z from "zod/mini";
import { compileRegexp, RegexpError } from "../../../src/rule/regexp.ts";
import {
  addPrefixSchema,
  headersSchema,
  type Middleware,
  type MiddlewareOptions,
  redirectRegexSchema,
  redirectSchemeSchema,
  replacePathRegexSchema,
  replacePathSchema,
  stripPrefixRegexSchema,
  stripPrefixSchema,
} from "../../../src/table/middleware.ts";
import { type Report, readFields } from "../read-object.ts";

/** Reads the options of one type into the table's form. Undefined, with the problem reported, when they cannot work. */
export type ReadOptions = (value: unknown, path: readonly string[], report: Report) => Middleware | undefined;

/** The types with options of their own, by Traefik's names; `chain` is made of references and stands elsewhere. */
export const middlewareTypes: Readonly<Record<string, ReadOptions>> = {
  addPrefix: reader("addPrefix", addPrefixSchema),
  stripPrefix: reader("stripPrefix", stripPrefixSchema),
  stripPrefixRegex: reader("stripPrefixRegex", stripPrefixRegexSchema, {}, ({ regex }) => badRegexp(regex)),
  replacePath: reader("replacePath", replacePathSchema),
  replacePathRegex: reader("replacePathRegex", replacePathRegexSchema, {}, ({ regex }) => badRegexp([regex])),
  redirectScheme: reader("redirectScheme", redirectSchemeSchema, { permanent: false }),
  redirectRegex: reader("redirectRegex", redirectRegexSchema, { permanent: false }, ({ regex }) => badRegexp([regex])),
  headers: reader("headers", headersSchema, {}, badHeaders),
};

/** Types that Traefik has and Sluice does not build yet. */
export const unsupportedTypes: ReadonlySet<string> = new Set([
  "basicAuth",
  "buffering",
  "circuitBreaker",
  "compress",
  "contentType",
  "digestAuth",
  "encodedCharacters",
  "errors",
  "forwardAuth",
  "grpcWeb",
  "inFlightReq",
  "ipAllowList",
  "ipWhiteList",
  "passTLSClientCert",
  "plugin",
  "rateLimit",
  "retry",
]);

/**
 * The table's options are Traefik's, so the table's schema reads them. `defaults` are what Traefik takes for fields
 * that are left out; `check` names what cannot work though it has the right form.
 */
function reader<M extends Middleware>(
  type: M["type"],
  schema: z.ZodMiniType<M>,
  defaults: Partial<M> = {},
  check: (options: M) => string | undefined = () => undefined,
): ReadOptions {
  return (value, path, report) => {
    // Only a mapping can be completed; anything else is reported as it is.
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    const options = readFields(schema, isMapping ? { ...defaults, ...value, type } : value, path, report);
    if (options === undefined) return undefined;
    const reason = check(options);
    if (reason === undefined) return options;
    report({ code: "middleware-invalid", severity: "error", path, message: `\`${type}\` cannot be built: ${reason}` });
    return undefined;
  };
}

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
