import type { MiddlewareOptions } from "../table/middleware.ts";
import { checkHeaderText } from "./check-header-text.ts";

/**
 * The headers that Traefik sets for browsers.
 *
 * @returns what sets them on an answer, or undefined when no option asks for any
 */
export function compileSecurityHeaders(
  options: MiddlewareOptions<"headers">,
): ((headers: Headers, overTls: boolean) => void) | undefined {
  const fixed = fixedHeaders(options);
  for (const [name, value] of fixed) checkHeaderText(name, value);
  const { forceSTSHeader = false } = options;
  const strictTransport = strictTransportSecurity(options);
  if (fixed.length === 0 && strictTransport === undefined) return undefined;

  return (headers, overTls) => {
    if (strictTransport !== undefined && (overTls || forceSTSHeader)) {
      headers.set("Strict-Transport-Security", strictTransport);
    }
    for (const [name, value] of fixed) headers.set(name, value);
  };
}

function fixedHeaders(options: MiddlewareOptions<"headers">): [name: string, value: string][] {
  const values: Record<string, string | false | undefined> = {
    "X-Frame-Options": options.customFrameOptionsValue || (options.frameDeny && "DENY"),
    "X-Content-Type-Options": options.contentTypeNosniff && "nosniff",
    "X-XSS-Protection": options.customBrowserXSSValue || (options.browserXssFilter && "1; mode=block"),
    "Content-Security-Policy": options.contentSecurityPolicy,
    "Content-Security-Policy-Report-Only": options.contentSecurityPolicyReportOnly,
    "Public-Key-Pins": options.publicKey,
    "Referrer-Policy": options.referrerPolicy,
    "Permissions-Policy": options.permissionsPolicy,
    "Feature-Policy": options.featurePolicy,
  };
  return Object.entries(values).flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : []));
}

/** RFC 6797, section 6.1. Development machines get none: browsers would remember it for localhost. */
function strictTransportSecurity(options: MiddlewareOptions<"headers">): string | undefined {
  const { stsSeconds = 0, stsIncludeSubdomains, stsPreload, isDevelopment } = options;
  if (stsSeconds <= 0 || isDevelopment) return undefined;
  return `max-age=${stsSeconds}${stsIncludeSubdomains ? "; includeSubDomains" : ""}${stsPreload ? "; preload" : ""}`;
}
