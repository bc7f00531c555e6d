import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Certificate } from "../../../src/table/tls.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { distinctName } from "../distinct-name.ts";
import { objectName } from "../names.ts";
import { readSecret } from "../read-secret.ts";
import type { Context, Place } from "../traefik/context.ts";

/** Where a Secret with a certificate is named. */
export interface CertificateReference extends Pick<Place, "namespace" | "path" | "report"> {
  secretName: string;
  /** It is the one for names that no other certificate has. */
  isDefault?: boolean;
}

/** Where the table has the certificate for names that no other has. */
const DEFAULT_CERTIFICATE = "default";

/**
 * Puts the certificate of a Secret of the type kubernetes.io/tls (`tls.crt`, `tls.key`) into the fragment, under
 * `<namespace>-<secret>`. One that cannot be used is reported; TLS then shows the default certificate, as in Traefik.
 */
export function useCertificate(
  { namespace, secretName, path, report, isDefault = false }: CertificateReference,
  context: Pick<Context, "objects" | "table" | "names">,
): void {
  const { objects, table } = context;
  const instead = isDefault ? "names without one are refused" : "the default certificate is shown";
  const refersTo = { kind: "Secret", namespace, name: secretName };
  const secret = objects.get("Secret", namespace, secretName);
  if (secret === undefined) {
    const message = `The Secret \`${secretName}\` does not exist in the namespace \`${namespace}\`; ${instead}`;
    report({ code: "secret-not-found", severity: "warning", path, message, refersTo });
    return;
  }
  const read = readCertificate(secret);
  if ("fault" in read) {
    const message = `The Secret \`${secretName}\` ${read.fault}; ${instead}`;
    report({ code: "certificate-unusable", severity: "warning", path, message, refersTo });
    return;
  }
  if (isDefault) table.certificates[DEFAULT_CERTIFICATE] = { ...read, isDefault };
  else {
    const name = distinctName("certificates", objectName(namespace, secretName), `${namespace}/${secretName}`, context);
    table.certificates[name] = read;
  }
}

/** Checking one costs a millisecond, and many routes may name it; objects are never changed in place. */
const known = new WeakMap<KubernetesObject, Certificate | { fault: string }>();

/** The certificate and the key of such a Secret; else what is wrong, in words that go on after the Secret's name. */
export function readCertificate(secret: KubernetesObject): Certificate | { fault: string } {
  const found = known.get(secret);
  if (found !== undefined) return found;
  const certificate = readSecret(secret, "tls.crt");
  const key = readSecret(secret, "tls.key");
  const fault = certificate && key ? faultOf(certificate, key) : "has no `tls.crt` and `tls.key`";
  const read = certificate && key && fault === undefined ? { certificate, key } : { fault: fault ?? "is empty" };
  known.set(secret, read);
  return read;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What is wrong with a pair, in words that tell nothing of the key. */
function faultOf(certificate: string, key: string): string | undefined {
  const blocks = certificate.match(BLOCK) ?? [];
  const certificates = blocks.map((block) => attempt(() => new X509Certificate(block)));
  const bad = certificates.indexOf(undefined);
  const [leaf] = certificates;
  if (leaf === undefined) return "holds no certificate in `tls.crt` that can be read (PEM)";
  if (bad !== -1) return `holds a certificate in \`tls.crt\` that cannot be read, the ${bad + 1}th of the chain`;
  const privateKey = attempt(() => createPrivateKey(key));
  if (privateKey === undefined) return "holds no private key in `tls.key` that can be read (PEM, without a passphrase)";
  return leaf.checkPrivateKey(privateKey) ? undefined : "holds a key that does not belong to the first certificate";
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
