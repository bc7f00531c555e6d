import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { TLSSocket } from "node:tls";
import type { buildConnector } from "undici";
import type { ServersTransport } from "../../src/table/service.ts";

type Name = NonNullable<ServersTransport["peerCertSans"]>[number];

/** The names of which a Pod's certificate must have one; none when it need not. */
export const demandedNames = ({ peerCertUri, peerCertSans = [] }: ServersTransport = {}): readonly Name[] =>
  peerCertUri === undefined ? peerCertSans : [...peerCertSans, { type: "uri", value: peerCertUri }];

/**
 * Lets a connection through only when the Pod's certificate has one of the names and comes from an authority that is
 * trusted, whatever else is checked of it: `insecureSkipVerify` frees it of the server's name only, as Traefik has it
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/serverstransport/).
 */
export function demandName(names: readonly Name[], callback: buildConnector.Callback): buildConnector.Callback {
  return (...[error, socket]) => {
    if (error !== null || !(socket instanceof TLSSocket)) return callback(error ?? new Error("no TLS"), null);
    const certificate = socket.getPeerX509Certificate();
    const isNamed = certificate !== undefined && names.some((name) => hasName(certificate, name));
    if (isNamed && isOfAuthority(socket)) return callback(null, socket);
    socket.destroy();
    const demanded = names.map(({ value }) => value).join(" or ");
    const reason = isNamed ? "comes from no authority that is trusted" : `does not name ${demanded}`;
    callback(new Error(`the Pod's certificate ${reason}`), null);
  };
}

/** The server's name is looked at last: who fails by it has passed everything before. */
function isOfAuthority({ authorized, authorizationError }: TLSSocket): boolean {
  // Node sets the error's code, where its types have the error.
  return authorized || String(authorizationError) === "ERR_TLS_CERT_ALTNAME_INVALID";
}

function hasName(certificate: X509Certificate, { type, value }: Name): boolean {
  if (type === "uri") {
    const uris = urisOf(certificate.subjectAltName ?? "");
    return uris.some((one) => one.toLowerCase() === value.toLowerCase());
  }
  if (isIP(value) !== 0) return certificate.checkIP(value) !== undefined;
  return certificate.checkHost(value, { subject: "never" }) !== undefined;
}

/** Names are separated by commas, and quoted as JSON where they hold one (Node's documentation of `X509Certificate`). */
function urisOf(subjectAltName: string): string[] {
  return [...subjectAltName.matchAll(/(?:^|, )URI:("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, name = ""]) =>
    name.startsWith('"') ? String(JSON.parse(name)) : name,
  );
}
