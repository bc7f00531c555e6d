import "reflect-metadata";
import { isIP } from "node:net";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";

/** A certificate with its key, both PEM. */
export interface CertificatePair {
  cert: string;
  key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;

/** A self-signed certificate for these host names and IP addresses, good for 90 days from the day before `nowMs`. */
export async function makeCertificate(hosts: readonly string[], nowMs: number): Promise<CertificatePair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: ["sluice dev"] }],
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + 89 * DAY_MS),
    extensions: [
      new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }))),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const lines = pkcs8.match(/.{1,64}/g) ?? [];
  return {
    cert: certificate.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`,
  };
}
