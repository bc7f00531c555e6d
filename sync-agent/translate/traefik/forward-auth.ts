import * as z from "zod";
import { compileRegexp, RegexpError } from "../../../src/rule/regexp.ts";
import { nameOfObject } from "../distinct-name.ts";
import { readFields } from "../read-object.ts";
import { useAddress } from "./address-service.ts";
import { authTlsSchema, readAuthTls } from "./auth-tls.ts";
import type { OptionsPlace, ReadOptions } from "./read-options.ts";

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/forwardauth/ */
export const forwardAuthSpec = z.object({
  address: z.string(),
  trustForwardHeader: z.boolean().optional(),
  authResponseHeaders: z.array(z.string()).optional(),
  authResponseHeadersRegex: z.string().optional(),
  authRequestHeaders: z.array(z.string()).optional(),
  addAuthCookiesToResponse: z.array(z.string()).optional(),
  forwardBody: z.boolean().optional(),
  maxBodySize: z.int().optional(),
  maxResponseBodySize: z.int().optional(),
  preserveLocationHeader: z.boolean().optional(),
  preserveRequestMethod: z.boolean().optional(),
  headerField: z.string().optional(),
  authSigninURL: z.string().optional(),
  tls: authTlsSchema.optional(),
});

/** Traefik's own, which no option changes. */
const ANSWER_TIMEOUT_MS = 30_000;

/** The server becomes a service of the table, named after the Middleware. */
export const readForwardAuth: ReadOptions = (value, place) => {
  const spec = readFields(forwardAuthSpec, value, place.path, place.report);
  if (spec === undefined || !isUsable(spec, place)) return undefined;
  // `~` occurs in no name of an object.
  const service = nameOfObject("services", place.object, place.context, "~auth");
  const tls = readAuthTls(spec.tls ?? {}, place);
  if (tls === undefined) return undefined;
  const address = useAddress(spec.address, service, place, "address", { tls, answerTimeoutMs: ANSWER_TIMEOUT_MS });
  if (address === undefined) return undefined;
  if (address.protocol === "http:" && spec.tls !== undefined) {
    const message = "`tls` has no effect: the address begins with `http:`, so that the server is asked without TLS";
    const hint = "Write `https:`";
    place.report({ code: "unsupported-field", severity: "warning", path: [...place.path, "tls"], message, hint });
  }
  return {
    type: "forwardAuth",
    service,
    address: address.href,
    trustForwardHeader: spec.trustForwardHeader ?? false,
    authResponseHeaders: spec.authResponseHeaders ?? [],
    ...(spec.authResponseHeadersRegex ? { authResponseHeadersRegex: spec.authResponseHeadersRegex } : {}),
    authRequestHeaders: spec.authRequestHeaders ?? [],
    addAuthCookiesToResponse: spec.addAuthCookiesToResponse ?? [],
    forwardBody: spec.forwardBody ?? false,
    maxBodySize: spec.maxBodySize ?? -1,
    maxResponseBodySize: spec.maxResponseBodySize ?? -1,
    preserveLocationHeader: spec.preserveLocationHeader ?? false,
    preserveRequestMethod: spec.preserveRequestMethod ?? false,
    ...(spec.headerField ? { headerField: spec.headerField } : {}),
    ...(spec.authSigninURL ? { authSigninURL: spec.authSigninURL } : {}),
  };
};

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

function isUsable(spec: z.output<typeof forwardAuthSpec>, { path, report }: OptionsPlace): boolean {
  const invalid = (field: string, message: string): boolean => {
    report({ code: "middleware-invalid", severity: "error", path: [...path, field], message });
    return false;
  };
  const { authResponseHeaders = [], authSigninURL, headerField } = spec;
  const header = authResponseHeaders.find((name) => !HEADER_NAME.test(name));
  if (header !== undefined) return invalid("authResponseHeaders", `\`${header}\` is not a header name`);
  if (headerField && !HEADER_NAME.test(headerField)) {
    return invalid("headerField", `\`${headerField}\` is not a header name`);
  }
  if (authSigninURL && !isReachable(authSigninURL)) {
    return invalid("authSigninURL", "This is neither an address that begins with `http:` or `https:`, nor a path");
  }
  try {
    if (spec.authResponseHeadersRegex) compileRegexp(spec.authResponseHeadersRegex);
  } catch (error) {
    if (!(error instanceof RegexpError)) throw error;
    return invalid("authResponseHeadersRegex", `The regular expression is not valid: ${error.message}`);
  }
  if (spec.forwardBody && !spec.preserveRequestMethod) {
    const message = "The edge cannot send a body with GET: the server is asked by the client's own method";
    const hint = "Set `preserveRequestMethod: true`";
    report({ code: "unsupported-field", severity: "warning", path: [...path, "forwardBody"], message, hint });
  }
  return true;
}

/** Whether a client can be sent there; a path leads to the host that it asked. */
function isReachable(address: string): boolean {
  const base = "http://host.invalid";
  return URL.canParse(address, base) && /^https?:$/.test(new URL(address, base).protocol);
}
