import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { Report } from "../read-object.ts";
import { readSecret } from "../read-secret.ts";
import type { Context } from "./context.ts";

/** Where the Secrets of a ServersTransport or ServersTransportTCP are named. */
export interface TransportSecrets {
  object: KubernetesObject;
  /** Of what holds the fields. */
  path: readonly (string | number)[];
  report: Report;
  context: Pick<Context, "objects">;
}

interface RootCAFields {
  rootCAs?: { secret?: string | undefined; configMap?: string | undefined }[] | undefined;
  /** The older form of `rootCAs`. */
  rootCAsSecrets?: string[] | undefined;
}

/** PEM certificates of the authorities that Pods' certificates come from. What cannot be had is reported. */
export function readRootCAs(fields: RootCAFields, place: TransportSecrets): string[] {
  const found: string[] = [];
  const take = (name: string, ...path: (string | number)[]): void => {
    const at = within(place, ...path);
    const secret = findSecret(name, at);
    const pem = secret && (readSecret(secret, "ca.crt") ?? readSecret(secret, "tls.ca"));
    if (pem) found.push(pem);
    else if (secret !== undefined) reportEntry(name, "`ca.crt` or `tls.ca`", at);
  };
  for (const [index, { secret, configMap }] of (fields.rootCAs ?? []).entries()) {
    if (secret) take(secret, "rootCAs", index, "secret");
    else if (configMap) {
      const { path } = within(place, "rootCAs", index, "configMap");
      const message = "Certificates from ConfigMaps are not supported yet";
      place.report({ code: "unsupported-field", severity: "warning", path, message, hint: "Put it into a Secret" });
    }
  }
  for (const [index, name] of (fields.rootCAsSecrets ?? []).entries()) take(name, "rootCAsSecrets", index);
  return found;
}

/** Client certificates with their keys, PEM. What cannot be had is reported. */
export function readCertificates(
  { certificatesSecrets = [] }: { certificatesSecrets?: string[] | undefined },
  place: TransportSecrets,
): { certificate: string; key: string }[] {
  const found: { certificate: string; key: string }[] = [];
  for (const [index, name] of certificatesSecrets.entries()) {
    const at = within(place, "certificatesSecrets", index);
    const secret = findSecret(name, at);
    const certificate = secret && readSecret(secret, "tls.crt");
    const key = secret && readSecret(secret, "tls.key");
    if (certificate && key) found.push({ certificate, key });
    else if (secret !== undefined) reportEntry(name, "`tls.crt` and `tls.key`", at);
  }
  return found;
}

const within = (place: TransportSecrets, ...path: (string | number)[]): TransportSecrets => ({
  ...place,
  path: [...place.path, ...path],
});

function findSecret(name: string, { object, path, report, context }: TransportSecrets): KubernetesObject | undefined {
  const { namespace = "" } = object.metadata;
  const secret = context.objects.get("Secret", namespace, name);
  if (secret === undefined) {
    report({
      code: "secret-not-found",
      severity: "error",
      path,
      message: `The Secret \`${name}\` does not exist in the namespace \`${namespace}\``,
      refersTo: { kind: "Secret", namespace, name },
    });
  }
  return secret;
}

function reportEntry(name: string, entries: string, { path, report }: TransportSecrets): void {
  const message = `The Secret \`${name}\` has no ${entries}`;
  report({ code: "invalid-field", severity: "error", path, message });
}
