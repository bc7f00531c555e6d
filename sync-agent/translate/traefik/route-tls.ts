import type { ProblemCode } from "../problem-codes.ts";
import type { Context, Place } from "./context.ts";
import type { IngressRouteSpec } from "./ingress-route-schema.ts";

/**
 * Reports what of `spec.tls` has no effect. Gives the code that closes the routes when that would leave them
 * unguarded: TLS options that demand a client's certificate.
 */
export function checkTls(tls: IngressRouteSpec["tls"], place: Place, context: Context): ProblemCode | undefined {
  if (tls === undefined) return undefined;
  const { report } = place;
  for (const field of ["certResolver", "domains", "store"] as const) {
    if (tls[field] === undefined || tls[field] === null) continue;
    report({
      code: "unsupported-field",
      severity: "notice",
      path: ["spec", "tls", field],
      message: `\`${field}\` has no effect: certificates come from Cloudflare, or from \`secretName\``,
    });
  }
  if (tls.options === undefined) return undefined;
  const { name, namespace = place.namespace } = tls.options;
  const options = context.objects.get("TLSOption", namespace, name);
  const demandsCertificate = hasField(options?.spec, "clientAuth");
  report({
    code: "unsupported-field",
    severity: demandsCertificate ? "error" : "warning",
    path: ["spec", "tls", "options"],
    message: demandsCertificate
      ? `The TLSOption \`${name}\` demands client certificates, which is not supported yet; the routes are closed`
      : `The TLSOption \`${name}\` has no effect: TLS ends at Cloudflare's edge`,
    hint: "Set minimum version, ciphers and client certificates in the zone's settings",
  });
  return demandsCertificate ? "unsupported-field" : undefined;
}

const hasField = (value: unknown, field: string): boolean =>
  typeof value === "object" && value !== null && Object.hasOwn(value, field);
