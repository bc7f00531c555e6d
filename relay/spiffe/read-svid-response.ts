import { createPrivateKey, X509Certificate } from "node:crypto";
import { parseSpiffeId, parseTrustDomain } from "../../src/table/spiffe-id.ts";
import { derValues } from "./der.ts";
import { idOfCertificate } from "./peer-id.ts";
import { bytesFields } from "./read-protobuf.ts";
import type { SpiffeIdentity } from "./spiffe-identity.ts";

/** What an entry of the answer says, as it says it. */
interface Svid {
  id: string;
  chain: Buffer;
  key: Buffer;
  bundle: Buffer;
}

/**
 * Reads a message of the Workload API's FetchX509SVID
 * (https://spiffe.io/docs/latest/spiffe-specs/spiffe_workload_api/, section 5). The first SVID is the one to use
 * (section 5.3); lists of revoked certificates are passed over, as by go-spiffe.
 *
 * @throws Error that says what is wrong with it: then nothing of it is to be used
 */
export function readSvidResponse(message: Buffer): SpiffeIdentity {
  const svids: Svid[] = [];
  const bundles = new Map<string, readonly string[]>();
  for (const { number, value } of bytesFields(message)) {
    if (number === 1) svids.push(readSvid(value));
    else if (number === 3) {
      const [name, bundle] = readEntry(value);
      const trustDomain = parseTrustDomain(name);
      if (trustDomain === undefined) throw new Error(`${shown(name)} is no trust domain`);
      bundles.set(trustDomain, certificatesOf(bundle).map(pemOf));
    }
  }
  const [first] = svids;
  if (first === undefined) throw new Error("it has no SVID");
  for (const { id, bundle } of svids.toReversed()) {
    bundles.set(trustDomainOf(id), certificatesOf(bundle).map(pemOf));
  }
  return { ...readFirst(first), bundles };
}

function readSvid(message: Buffer): Svid {
  const none = Buffer.alloc(0);
  const svid: Svid = { id: "", chain: none, key: none, bundle: none };
  for (const { number, value } of bytesFields(message)) {
    if (number === 1) svid.id = value.toString("utf8");
    else if (number === 2) svid.chain = value;
    else if (number === 3) svid.key = value;
    else if (number === 4) svid.bundle = value;
  }
  const { id, chain, key, bundle } = svid;
  if (id === "" || chain.length === 0 || key.length === 0 || bundle.length === 0) {
    throw new Error("an SVID lacks a field that it must have");
  }
  return svid;
}

/** An entry of a map is a message of its key and its value. */
function readEntry(message: Buffer): [key: string, value: Buffer] {
  let key = "";
  let entry: Buffer = Buffer.alloc(0);
  for (const { number, value } of bytesFields(message)) {
    if (number === 1) key = value.toString("utf8");
    else if (number === 2) entry = value;
  }
  return [key, entry];
}

function readFirst({ id, chain, key }: Svid): Omit<SpiffeIdentity, "bundles"> {
  const trustDomain = trustDomainOf(id);
  const certificates = certificatesOf(chain);
  const [leaf] = certificates;
  if (leaf === undefined) throw new Error("an SVID has no certificate");
  const own = idOfCertificate(leaf);
  if (own.id !== id) throw new Error(`the SVID of ${shown(id)} names ${shown(own.id)}`);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  if (!leaf.checkPrivateKey(privateKey)) throw new Error("the SVID and its key do not belong together");
  return {
    id,
    trustDomain,
    certificate: certificates.map(pemOf).join(""),
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    expiresAt: leaf.validToDate.getTime(),
  };
}

function trustDomainOf(id: string): string {
  const parsed = parseSpiffeId(id);
  if (parsed === undefined) throw new Error(`${shown(id)} is no SPIFFE ID`);
  return parsed.trustDomain;
}

const certificatesOf = (der: Buffer): X509Certificate[] =>
  [...derValues(der)].map(({ whole }) => new X509Certificate(whole));

const pemOf = (certificate: X509Certificate): string => certificate.toString();

/** For messages: what came from elsewhere, at most so much of it. */
const shown = (text: string): string => JSON.stringify(text.slice(0, 256));
