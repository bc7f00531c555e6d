import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ServersTransport } from "../../src/table/service.ts";

type Name = NonNullable<ServersTransport["peerCertSans"]>[number];

/** The names of which a Pod's certificate must have one; none when it need not. */
export const demandedNames = ({ peerCertUri, peerCertSans = [] }: ServersTransport = {}): readonly Name[] =>
  peerCertUri === undefined ? peerCertSans : [...peerCertSans, { type: "uri", value: peerCertUri }];

/**
 * Holds a Pod, with which the handshake is done, to the names of which its certificate must have one. It must also come
 * from an authority that is trusted, whatever else is checked of it: `insecureSkipVerify` frees it of the server's name
 * only, as Traefik has it
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/serverstransport/).
 *
 * @returns what is wrong with the certificate; undefined when nothing is, or no name is demanded
 */
export function faultOfNames(socket: TLSSocket, names: readonly Name[]): Error | undefined {
  if (names.length === 0) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || !names.some((name) => hasName(certificate, name))) {
    return new Error(`the Pod's certificate does not name ${names.map(({ value }) => value).join(" or ")}`);
  }
  return isOfAuthority(socket) ? undefined : new Error("the Pod's certificate comes from no authority that is trusted");
}

/** The server's name is looked at last: who fails by it has passed everything before. */
function isOfAuthority({ authorized, authorizationError }: TLSSocket): boolean {
  // Node sets the error's code, where its types have the error.
  return authorized || String(authorizationError) === "ERR_TLS_CERT_ALTNAME_INVALID";
}

function hasName(certificate: X509Certificate, { type, value }: Name): boolean {
  if (type === "uri") return urisOf(certificate).some((one) => one.toLowerCase() === value.toLowerCase());
  if (isIP(value) !== 0) return certificate.checkIP(value) !== undefined;
  return certificate.checkHost(value, { subject: "never" }) !== undefined;
}

/**
 * The URIs that a certificate names. Its names are separated by commas, and quoted as JSON where they hold one (Node's
 * documentation of `X509Certificate`).
 */
export function urisOf({ subjectAltName = "" }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/(?:^|, )URI:("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, name = ""]) =>
    name.startsWith('"') ? String(JSON.parse(name)) : name,
  );
}
