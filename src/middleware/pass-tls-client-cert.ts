import type { Exchange } from "../exchange/exchange.ts";
import { decodeBase64 } from "../seal/decode-base64.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { subjectAltNames } from "./certificate-names.ts";
import { readDistinguishedName } from "./distinguished-name.ts";
import { dropHeader, setOwnHeader } from "./drop-header.ts";
import type { MiddlewareFactory } from "./middleware.ts";

const CERT = "X-Forwarded-Tls-Client-Cert";
const INFO = "X-Forwarded-Tls-Client-Cert-Info";

type Info = NonNullable<MiddlewareOptions<"passTLSClientCert">["info"]>;

/** What Cloudflare tells of a client's certificate, in `request.cf.tlsClientAuth`; empty texts where there is none. */
interface ClientAuth {
  certPresented: string;
  certVerified: string;
  certRevoked: string;
  certSubjectDNRFC2253: string;
  certIssuerDNRFC2253: string;
  certSerial: string;
  certNotBefore: string;
  certNotAfter: string;
  certRFC9440: string;
  certChainRFC9440: string;
}

/**
 * Traefik's passTLSClientCert
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/passtlsclientcert/), of what Cloudflare
 * has verified: a certificate that it could not verify, or that was revoked, is not passed on.
 */
export const passTLSClientCert: MiddlewareFactory<"passTLSClientCert"> = {
  type: "passTLSClientCert",
  build({ pem, info }) {
    return (next) => (exchange) => {
      const auth = verifiedClient(exchange);
      const told = [
        [CERT, auth !== undefined && pem ? certificates(auth) : ""],
        [INFO, auth !== undefined && info !== undefined ? describe(auth, info) : ""],
      ] as const;
      for (const [name, value] of told) {
        if (value !== "") setOwnHeader(exchange, name, value);
        else if (!exchange.client.trusted) dropHeader(exchange, name);
      }
      return next(exchange);
    };
  },
};

function verifiedClient({ request }: Exchange): ClientAuth | undefined {
  const { cf } = request as { cf?: { tlsClientAuth?: ClientAuth | null } };
  const auth = cf?.tlsClientAuth;
  const isGood = auth?.certPresented === "1" && auth.certVerified === "SUCCESS" && auth.certRevoked !== "1";
  return isGood ? auth : undefined;
}

/** The certificates in base64, the client's own first, with commas between. */
const certificates = ({ certRFC9440 = "", certChainRFC9440 = "" }: ClientAuth): string =>
  [certRFC9440, ...certChainRFC9440.split(",")].flatMap((one) => one.replace(/[: ]/g, "") || []).join(",");

/** Escaped as a query is, the form that services know from Traefik. */
function describe(auth: ClientAuth, { subject, issuer, serialNumber, notBefore, notAfter, sans }: Info): string {
  const fields: string[] = [];
  const add = (name: string, value: string): void => {
    // A name with a quote in it must not end its field.
    if (value !== "") fields.push(`${name}="${value.replace(/["\\]/g, "\\$&")}"`);
  };
  if (subject !== undefined) add("Subject", writeName(auth.certSubjectDNRFC2253, subject));
  if (issuer !== undefined) add("Issuer", writeName(auth.certIssuerDNRFC2253, issuer));
  if (serialNumber && /^[0-9a-f]+$/i.test(auth.certSerial))
    add("SerialNumber", BigInt(`0x${auth.certSerial}`).toString());
  if (notBefore) add("NB", unixTime(auth.certNotBefore));
  if (notAfter) add("NA", unixTime(auth.certNotAfter));
  if (sans) add("SAN", subjectAltNames(derOf(auth.certRFC9440)).join(","));
  return encodeURIComponent(fields.join(";"))
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

/** RFC 9440, section 2.2: base64 between colons. Empty where the certificate is too large to be told. */
function derOf(field = ""): Uint8Array {
  return /^:[A-Za-z0-9+/]+=*:$/.test(field) ? decodeBase64(field.slice(1, -1)) : new Uint8Array();
}

/** Attributes that can be asked for, as they are written and as RFC 2253 names them, in the order of the header. */
const attributes = [
  ["domainComponent", "DC", "DC"],
  ["country", "C", "C"],
  ["province", "ST", "ST"],
  ["locality", "L", "L"],
  ["organization", "O", "O"],
  ["organizationalUnit", "OU", "OU"],
  ["serialNumber", "SN", "SERIALNUMBER"],
  ["commonName", "CN", "CN"],
] as const;

function writeName(text: string, asked: NonNullable<Info["subject"]>): string {
  const name = readDistinguishedName(text);
  return attributes
    .filter(([option]) => asked[option])
    .flatMap(([, written, type]) => (name.get(type) ?? []).map((value) => `${written}=${value}`))
    .join(",");
}

function unixTime(text: string): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? "" : String(Math.floor(ms / 1000));
}
