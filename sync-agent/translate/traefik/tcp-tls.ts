import type { TcpRouter } from "../../../src/table/tcp.ts";
import { DEFAULT_TLS_OPTIONS } from "../../../src/table/tls.ts";
import type { ProblemCode } from "../problem-codes.ts";
import { useCertificate } from "../tls/use-certificate.ts";
import { useTlsOptions } from "../tls/use-tls-options.ts";
import { type Context, type Place, within } from "./context.ts";
import type { IngressRouteTcpSpec } from "./stream-route-schema.ts";

/** What `spec.tls` makes of the routers of an IngressRouteTCP. */
export interface TcpTls {
  tls?: NonNullable<TcpRouter["tls"]>;
  /** Set when a guard of theirs cannot be had: the code of the problem. */
  closedBy?: ProblemCode;
}

/** Traefik has no other. */
const DEFAULT_TLS_STORE = "default";

/** Reads `spec.tls` and puts what it names into the fragment: the certificate, the options. */
export function readTcpTls(tls: IngressRouteTcpSpec["tls"], place: Place, context: Context): TcpTls {
  if (tls === undefined) return {};
  const { report, path } = place;
  const notice = (field: string, message: string): void =>
    report({ code: "unsupported-field", severity: "notice", path: [...path, field], message });
  for (const field of ["certResolver", "domains"] as const) {
    if (tls[field] === undefined || tls[field] === null) continue;
    notice(field, `\`${field}\` has no effect: certificates come from \`secretName\` or a TLSStore`);
  }
  const { passthrough = false, secretName, options, store } = tls;
  if (store !== undefined && store.name !== DEFAULT_TLS_STORE) {
    notice("store", `There is one TLSStore, \`${DEFAULT_TLS_STORE}\`, which holds for every route`);
  }
  if (passthrough && secretName) notice("secretName", "With `passthrough` the Pods show their own certificates");
  else if (secretName) useCertificate({ ...within(place, "secretName"), secretName }, context);
  if (passthrough) {
    if (options !== undefined) notice("options", "With `passthrough` the Pods end TLS by their own options");
    return { tls: { passthrough } };
  }
  const at = options === undefined ? place : within(place, "options");
  const used = useTlsOptions(options ?? { name: DEFAULT_TLS_OPTIONS }, at, context);
  if ("closedBy" in used) return { tls: { passthrough }, closedBy: used.closedBy };
  return { tls: { passthrough, ...(used.name !== undefined && { options: used.name }) } };
}
