import type { MiddlewareOptions } from "../table/middleware.ts";
import { checkHeader } from "./check-header.ts";

type Options = MiddlewareOptions<"headers">;

/** Edits an answer to a request that came over TLS, or did not. */
export type SecureAnswer = (headers: Headers, overTls: boolean) => void;

/**
 * The headers that Traefik sets to guard browsers.
 *
 * @returns undefined when no option asks for any
 */
export function compileSecurityHeaders(options: Options): SecureAnswer | undefined {
  const always = [...fixedHeaders(options), ...(options.forceSTSHeader ? strictTransport(options) : [])];
  const overTls = [...strictTransport(options), ...publicKeyPins(options)];
  for (const [name, value] of [...always, ...overTls]) checkHeader(name, value);
  const { sslHost = "" } = options;
  if (always.length === 0 && overTls.length === 0 && sslHost === "") return undefined;
  const plainUrl = `http://${sslHost}`;

  return (headers, isTls) => {
    for (const [name, value] of always) headers.set(name, value);
    if (!isTls) return;
    for (const [name, value] of overTls) headers.set(name, value);
    if (sslHost === "") return;
    const location = headers.get("location");
    // The origin does not know that it is reached over TLS.
    if (location === plainUrl || location?.startsWith(`${plainUrl}/`)) {
      headers.set("location", location.replace("http:", "https:"));
    }
  };
}

type Header = [name: string, value: string];

function fixedHeaders(options: Options): Header[] {
  const values: Record<string, string | undefined> = {
    "X-Frame-Options": options.customFrameOptionsValue || (options.frameDeny ? "DENY" : undefined),
    "X-Content-Type-Options": options.contentTypeNosniff ? "nosniff" : undefined,
    "X-XSS-Protection": options.customBrowserXSSValue || (options.browserXssFilter ? "1; mode=block" : undefined),
    "Content-Security-Policy": options.contentSecurityPolicy,
    "Content-Security-Policy-Report-Only": options.contentSecurityPolicyReportOnly,
    "Referrer-Policy": options.referrerPolicy,
    "Permissions-Policy": options.permissionsPolicy,
    "Feature-Policy": options.featurePolicy,
  };
  return Object.entries(values).flatMap(([name, value]): Header[] => (value ? [[name, value]] : []));
}

/** RFC 6797, section 6.1. None in development: a browser would remember it for localhost. */
function strictTransport({ stsSeconds = 0, stsIncludeSubdomains, stsPreload, isDevelopment }: Options): Header[] {
  if (stsSeconds <= 0 || isDevelopment) return [];
  const directives = [`max-age=${stsSeconds}`];
  if (stsIncludeSubdomains) directives.push("includeSubDomains");
  if (stsPreload) directives.push("preload");
  return [["Strict-Transport-Security", directives.join("; ")]];
}

/** RFC 7469; browsers have given it up, but manifests still name it. */
function publicKeyPins({ publicKey = "", isDevelopment }: Options): Header[] {
  return publicKey === "" || isDevelopment ? [] : [["Public-Key-Pins", publicKey]];
}
