import * as z from "zod";
import { compileRegexp, RegexpError } from "../../../src/rule/regexp.ts";
import { objectName, qualify } from "../names.ts";
import { readFields } from "../read-object.ts";
import { useAddress } from "./address-service.ts";
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
  tls: z.unknown().optional(),
});

/** The server becomes a service of the table, named after the Middleware. */
export const readForwardAuth: ReadOptions = (value, place) => {
  const spec = readFields(forwardAuthSpec, value, place.path, place.report);
  if (spec === undefined || !isUsable(spec, place)) return undefined;
  const { namespace = "", name } = place.object.metadata;
  // `~` occurs in no name of an object.
  const service = qualify(`${objectName(namespace, name)}~auth`);
  const address = useAddress(spec.address, service, place, "address");
  if (address === undefined) return undefined;
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
  };
};

function isUsable(spec: z.output<typeof forwardAuthSpec>, { path, report }: OptionsPlace): boolean {
  const invalid = (field: string, message: string): boolean => {
    report({ code: "middleware-invalid", severity: "error", path: [...path, field], message });
    return false;
  };
  const header = spec.authResponseHeaders?.find((name) => !/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(name));
  if (header !== undefined) return invalid("authResponseHeaders", `\`${header}\` is not a header name`);
  try {
    if (spec.authResponseHeadersRegex) compileRegexp(spec.authResponseHeadersRegex);
  } catch (error) {
    if (!(error instanceof RegexpError)) throw error;
    return invalid("authResponseHeadersRegex", `The regular expression is not valid: ${error.message}`);
  }
  if (spec.headerField) {
    const message = "`headerField` has no effect: the access log is not told users by a server of authentication";
    report({ code: "unsupported-field", severity: "warning", path: [...path, "headerField"], message });
  }
  if (spec.authSigninURL) {
    const message = "`authSigninURL` is not supported yet: whoever is refused gets the server's own answer";
    const hint = "Let the server answer with a redirect";
    report({ code: "unsupported-field", severity: "warning", path: [...path, "authSigninURL"], message, hint });
  }
  if (spec.forwardBody && !spec.preserveRequestMethod) {
    const message = "The edge cannot send a body with GET: the server is asked by the client's own method";
    const hint = "Set `preserveRequestMethod: true`";
    report({ code: "unsupported-field", severity: "warning", path: [...path, "forwardBody"], message, hint });
  }
  if (spec.tls === undefined || spec.tls === null) return true;
  report({
    code: "unsupported-field",
    severity: "error",
    path: [...path, "tls"],
    message:
      "`tls` is not supported here: the edge takes the certificates that everyone takes, and has none of its own",
    hint: "Ask the Service over plain HTTP, within the cluster",
  });
  return false;
}
