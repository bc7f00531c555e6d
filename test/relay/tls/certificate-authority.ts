import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HOUR_MS = 3_600_000;

export interface IssuedCertificate {
  /** PEM: itself, then those between it and the authority. */
  cert: string;
  key: string;
  /** The same, DER. */
  chainDer: Buffer;
  keyDer: Buffer;
}

interface IssueOptions {
  isCa?: boolean;
  usages?: KeyUsageFlags;
  /** Milliseconds from now. */
  endsInMs?: number;
}

export interface Authority {
  cert: string;
  der: Buffer;
  issue(names: readonly JsonGeneralName[], options?: IssueOptions): Promise<IssuedCertificate>;
  /** One that this one vouches for: what it issues carries its certificate along. */
  delegate(name: string): Promise<Authority>;
}

const uri = (value: string): JsonGeneralName => ({ type: "url", value });
export const names = { uri, dns: (value: string): JsonGeneralName => ({ type: "dns", value }) };

/** Makes an authority of its own. */
export async function createAuthority(name: string): Promise<Authority> {
  const keys = await makeKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    ...between(),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return authorityOf(root, keys, []);
}

const makeKeys = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

const between = (endsInMs = HOUR_MS) => ({
  notBefore: new Date(Date.now() - 2 * HOUR_MS),
  notAfter: new Date(Date.now() + endsInMs),
});

function authorityOf(
  own: X509Certificate,
  keys: webcrypto.CryptoKeyPair,
  chain: readonly X509Certificate[],
): Authority {
  const sign = async (
    subject: string,
    alternatives: readonly JsonGeneralName[],
    { isCa = false, usages = KeyUsageFlags.digitalSignature, endsInMs = HOUR_MS }: IssueOptions,
  ) => {
    const held = await makeKeys();
    const certificate = await X509CertificateGenerator.create({
      subject: [{ CN: [subject] }],
      issuer: own.subject,
      publicKey: held.publicKey,
      signingKey: keys.privateKey,
      ...between(endsInMs),
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(isCa),
        new KeyUsagesExtension(usages, true),
        ...(alternatives.length === 0 ? [] : [new SubjectAlternativeNameExtension([...alternatives])]),
      ],
    });
    return { certificate, held };
  };
  return {
    cert: own.toString("pem"),
    der: Buffer.from(own.rawData),
    async issue(alternatives, options = {}) {
      const { certificate, held } = await sign("leaf", alternatives, options);
      const all = [certificate, ...chain];
      const keyDer = Buffer.from(await crypto.subtle.exportKey("pkcs8", held.privateKey));
      const lines = keyDer.toString("base64").match(/.{1,64}/g) ?? [];
      return {
        cert: all.map((one) => one.toString("pem")).join("\n"),
        key: `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`,
        chainDer: Buffer.concat(all.map(({ rawData }) => Buffer.from(rawData))),
        keyDer,
      };
    },
    async delegate(name) {
      const { certificate, held } = await sign(name, [], { isCa: true, usages: KeyUsageFlags.keyCertSign });
      return authorityOf(certificate, held, [certificate, ...chain]);
    },
  };
}
