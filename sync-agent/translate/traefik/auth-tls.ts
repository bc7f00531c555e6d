import * as z from "zod";
import type { ServersTransport } from "../../../src/table/service.ts";
import type { ProblemCode } from "../problem-codes.ts";
import { readAuthorities } from "../tls/read-authorities.ts";
import { readCertificate } from "../tls/use-certificate.ts";
import { findMiddlewareSecret } from "./middleware-secret.ts";
import type { OptionsPlace } from "./read-options.ts";

/** `tls` of forwardAuth: how the server that it asks is known, and what it is shown. */
export const authTlsSchema = z.object({
  caSecret: z.string().optional(),
  certSecret: z.string().optional(),
  insecureSkipVerify: z.boolean().optional(),
  caOptional: z.boolean().optional(),
});

/**
 * Reads it as what a ServersTransport says of TLS; `{}` when it demands nothing. Undefined, with the problem reported,
 * when a Secret cannot be used: another server might answer in the place of the one that is meant.
 */
export function readAuthTls(tls: z.output<typeof authTlsSchema>, place: OptionsPlace): ServersTransport | undefined {
  const { caSecret, certSecret, insecureSkipVerify, caOptional } = tls;
  const at: OptionsPlace = { ...place, path: [...place.path, "tls"] };
  if (caOptional !== undefined) {
    const message =
      "`caOptional` has no effect, in Traefik either: the server's certificate is checked as the rest says";
    at.report({ code: "unsupported-field", severity: "warning", path: [...at.path, "caOptional"], message });
  }
  const transport: ServersTransport = insecureSkipVerify === undefined ? {} : { insecureSkipVerify };
  let isUsable = true;
  if (caSecret) {
    const secret = findMiddlewareSecret(caSecret, at, "caSecret");
    const { pem, fault } = secret === undefined ? {} : readAuthorities(secret);
    if (fault !== undefined) reportFault("caSecret", caSecret, fault, at);
    if (pem === undefined || fault !== undefined) isUsable = false;
    else transport.rootCAs = [pem];
  }
  if (certSecret) {
    const secret = findMiddlewareSecret(certSecret, at, "certSecret");
    const read = secret === undefined ? undefined : readCertificate(secret);
    if (read !== undefined && "fault" in read) reportFault("certSecret", certSecret, read.fault, at);
    if (read === undefined || "fault" in read) isUsable = false;
    else transport.certificates = [read];
  }
  return isUsable ? transport : undefined;
}

function reportFault(field: string, name: string, fault: string, { object, path, report }: OptionsPlace): void {
  const code: ProblemCode = "middleware-invalid";
  const refersTo = { kind: "Secret", namespace: object.metadata.namespace ?? "", name };
  report({ code, severity: "error", path: [...path, field], message: `The Secret \`${name}\` ${fault}`, refersTo });
}
