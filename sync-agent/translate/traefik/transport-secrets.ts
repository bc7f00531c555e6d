import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { Report } from "../read-object.ts";
import { readSecret } from "../read-secret.ts";
import { readAuthorities } from "../tls/read-authorities.ts";
import type { Context } from "./context.ts";

/** Where the Secrets and ConfigMaps of a ServersTransport or ServersTransportTCP are named. */
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
  const take = (kind: CertificateKind, name: string, at: TransportSecrets): void => {
    const object = findObject(kind, name, at);
    const { pem, fault } = object === undefined ? {} : readAuthorities(object);
    if (pem !== undefined) found.push(pem);
    if (fault !== undefined) reportFault(kind, name, fault, at);
  };
  for (const [index, { secret, configMap }] of (fields.rootCAs ?? []).entries()) {
    const at = within(place, "rootCAs", index);
    if (Boolean(secret) === Boolean(configMap)) reportChoice(Boolean(secret), at);
    else if (secret) take("Secret", secret, within(at, "secret"));
    else if (configMap) take("ConfigMap", configMap, within(at, "configMap"));
  }
  for (const [index, name] of (fields.rootCAsSecrets ?? []).entries()) {
    take("Secret", name, within(place, "rootCAsSecrets", index));
  }
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
    const secret = findObject("Secret", name, at);
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

type CertificateKind = "Secret" | "ConfigMap";

function findObject(
  kind: CertificateKind,
  name: string,
  { object, path, report, context }: TransportSecrets,
): KubernetesObject | undefined {
  const { namespace = "" } = object.metadata;
  const found = context.objects.get(kind, namespace, name);
  if (found === undefined) {
    report({
      code: kind === "Secret" ? "secret-not-found" : "config-map-not-found",
      severity: "error",
      path,
      message: `The ${kind} \`${name}\` does not exist in the namespace \`${namespace}\``,
      hint: "Create it there, or correct the name",
      refersTo: { kind, namespace, name },
    });
  }
  return found;
}

function reportFault(
  kind: CertificateKind,
  name: string,
  fault: string,
  { object, path, report }: TransportSecrets,
): void {
  const { namespace = "" } = object.metadata;
  report({
    code: "certificate-unusable",
    severity: "error",
    path,
    message: `The ${kind} \`${name}\` ${fault}`,
    hint: "Put the certificates of the authorities there as PEM, under `ca.crt`",
    refersTo: { kind, namespace, name },
  });
}

/** As in Traefik, an element that names two is not used. */
function reportChoice(namesBoth: boolean, { path, report }: TransportSecrets): void {
  report({
    code: "invalid-field",
    severity: "error",
    path,
    message: namesBoth ? "A `secret` and a `configMap` are named; neither is used" : "Nothing is named",
    hint: "Name a `secret` or a `configMap`, each in an element of its own",
  });
}

function reportEntry(name: string, entries: string, { path, report }: TransportSecrets): void {
  const message = `The Secret \`${name}\` has no ${entries}`;
  report({ code: "invalid-field", severity: "error", path, message });
}
