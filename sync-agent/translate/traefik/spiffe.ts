import * as z from "zod";
import type { ServersTransport } from "../../../src/table/service.ts";
import { parseSpiffeId, parseTrustDomain } from "../../../src/table/spiffe-id.ts";
import { type Report, whole } from "../read-object.ts";

const id = z.string().refine((text) => parseSpiffeId(text) !== undefined, "is no SPIFFE ID");
const trustDomain = z
  .string()
  .refine((text) => text === "" || parseTrustDomain(text) !== undefined, "is no trust domain");

/** How a ServersTransport, or the `tls` of a ServersTransportTCP, says by which SPIFFE IDs Pods are known. */
export const spiffeField = z
  .object({
    // One less would keep out who should be let in; none would let in everybody.
    ids: whole(z.array(id)).optional(),
    trustDomain: trustDomain.optional(),
  })
  .optional();

/** What says otherwise how a Pod is known, and the relay to it. */
const otherWays = [
  "insecureSkipVerify",
  "serverName",
  "rootCAs",
  "rootCAsSecrets",
  "certificatesSecrets",
  "peerCertURI",
  "peerCertSANs",
  "minVersion",
  "maxVersion",
  "cipherSuites",
] as const;

type TlsFields = { spiffe?: z.output<typeof spiffeField> } & { [field in (typeof otherWays)[number]]?: unknown };

/**
 * What the table has of `spiffe`; undefined, with the problem reported, when it stands beside what says otherwise: one of
 * both would go by the board, and Traefik takes neither.
 *
 * @param path where the fields are
 */
export function readSpiffe(
  fields: TlsFields,
  path: readonly string[],
  report: Report,
): Pick<ServersTransport, "spiffe"> | undefined {
  const { spiffe } = fields;
  if (spiffe === undefined) return {};
  const others = otherWays.filter((field) => isSet(fields[field]));
  if (others.length > 0) {
    report({
      code: "invalid-field",
      severity: "error",
      path: [...path, "spiffe"],
      message: `\`spiffe\` cannot stand beside ${others.map((field) => `\`${field}\``).join(", ")}; Pods are not connected to`,
      hint: "A Pod is known by its SPIFFE ID, and verified by the authorities of the Workload API: leave the others out",
    });
    return undefined;
  }
  const name = spiffe.trustDomain ? parseTrustDomain(spiffe.trustDomain) : undefined;
  return {
    spiffe: {
      ...(spiffe.ids !== undefined && spiffe.ids.length > 0 ? { ids: spiffe.ids } : {}),
      ...(name === undefined ? {} : { trustDomain: name }),
    },
  };
}

/** What has its empty value asks for nothing. */
const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== "" && value !== false;
