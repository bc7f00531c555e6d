import type { X509Certificate } from "node:crypto";
import { parseSpiffeId, type SpiffeId } from "../../src/table/spiffe-id.ts";
import { urisOf } from "../tls/peer-names.ts";
import { mayVouch } from "./der.ts";

/**
 * Who a certificate says that its holder is, whoever says it.
 *
 * @throws Error when it is no X.509-SVID of a workload (https://spiffe.io/docs/latest/spiffe-specs/x509-svid/, section
 * 5.2): one URI, which is a SPIFFE ID with a path, and nothing to vouch for others with
 */
export function idOfCertificate(certificate: X509Certificate): SpiffeId & { id: string } {
  const uris = urisOf(certificate);
  const [id] = uris;
  if (id === undefined) throw new Error("the certificate names no URI");
  if (uris.length > 1) throw new Error("the certificate names more than one URI");
  const parsed = parseSpiffeId(id);
  if (parsed === undefined || parsed.path === "") throw new Error("the certificate's URI is no workload's SPIFFE ID");
  if (mayVouch(certificate.raw)) throw new Error("the certificate is an authority's");
  return { id, ...parsed };
}
