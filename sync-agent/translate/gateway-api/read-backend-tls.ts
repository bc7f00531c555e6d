import type { ServersTransport } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { type Report, readSpec } from "../read-object.ts";
import { readGatewayAuthorities } from "../tls/read-authorities.ts";
import { type Place, within } from "../traefik/context.ts";
import { type BackendTlsValidation, backendTlsPolicySchema, isCoreGroup } from "./backend-tls-policy-schema.ts";
import { ANY_HOST, readHostname } from "./hostnames.ts";

/**
 * How a BackendTLSPolicy wants Pods to be connected to. Undefined, with the reason reported, when nobody can be believed by
 * it: then its Services must not be connected to at all
 * (https://gateway-api.sigs.k8s.io/reference/spec/#backendtlspolicyvalidation).
 */
export function readBackendTls(
  policy: KubernetesObject,
  objects: ObjectReader,
  report: Report,
): ServersTransport | undefined {
  const spec = readSpec(backendTlsPolicySchema, policy, report);
  if (spec === undefined) return undefined;
  const { validation } = spec;
  const place: Place = { namespace: policy.metadata.namespace ?? "", path: ["spec", "validation"], report };
  const serverName = readServerName(validation.hostname, within(place, "hostname"));
  const names = readNames(validation.subjectAltNames ?? [], within(place, "subjectAltNames"));
  const rootCAs = readRootCAs(validation, place, objects);
  if (serverName === undefined || names === undefined || rootCAs === undefined) return undefined;
  return {
    serverName,
    ...(rootCAs.length > 0 && { rootCAs }),
    // The host name is then for choosing the certificate, and proves nothing; the chain is verified all the same.
    ...(names.length > 0 && { peerCertSans: names, insecureSkipVerify: true }),
  };
}

function readServerName(hostname: string, place: Place): string | undefined {
  const host = readHostname(hostname);
  if (host !== undefined && host !== ANY_HOST && !host.startsWith("*")) return host;
  return invalid(place, `\`${hostname.slice(0, 100)}\` is not a host name that a certificate can be for`);
}

type Names = NonNullable<ServersTransport["peerCertSans"]>;

/** Undefined when one cannot be used: without it others would be believed than was said. */
function readNames(list: NonNullable<BackendTlsValidation["subjectAltNames"]>, place: Place): Names | undefined {
  const names = list.map(({ type, hostname, uri }, index) => {
    const value = type === "URI" ? uri : hostname && readHostname(hostname);
    if (value) return { type: type === "URI" ? ("uri" as const) : ("dns" as const), value };
    const field = type === "URI" ? "uri" : "hostname";
    return invalid(
      within(place, index, field),
      `A name of the type ${type} needs \`${field}\` with a value that can be one`,
    );
  });
  return names.every((name) => name !== undefined) ? names : undefined;
}

/** Empty for the system's. Of several references those that lead nowhere are left out, as long as one is left. */
function readRootCAs(
  { caCertificateRefs, wellKnownCACertificates }: BackendTlsValidation,
  place: Place,
  objects: ObjectReader,
): string[] | undefined {
  if (wellKnownCACertificates !== undefined && wellKnownCACertificates !== "") {
    const at = within(place, "wellKnownCACertificates");
    if (caCertificateRefs.length > 0)
      return invalid(at, "There are `caCertificateRefs` as well; one of the two decides");
    if (wellKnownCACertificates === "System") return [];
    return invalid(at, `\`${wellKnownCACertificates.slice(0, 100)}\` is not known`, "Write `System`");
  }
  if (caCertificateRefs.length === 0) {
    const hint = "Name a ConfigMap with `ca.crt`, or write `wellKnownCACertificates: System`";
    return invalid(within(place, "caCertificateRefs"), "Nothing says whose certificates are good", hint);
  }
  const found = caCertificateRefs.flatMap((ref, index) => {
    return readReference(ref, within(place, "caCertificateRefs", index), objects) ?? [];
  });
  return found.length === 0 ? undefined : found;
}

function readReference(
  { group, kind, name }: BackendTlsValidation["caCertificateRefs"][number],
  { namespace, path, report }: Place,
  objects: ObjectReader,
): string | undefined {
  if (!isCoreGroup(group) || (kind !== "ConfigMap" && kind !== "Secret")) {
    const what = `${kind.slice(0, 60)}${isCoreGroup(group) ? "" : ` of \`${group.slice(0, 60)}\``}`;
    report({
      code: "certificate-unusable",
      severity: "error",
      path: [...path, "kind"],
      message: `Certificates of authorities are not read from a ${what}`,
      hint: "Name a ConfigMap or a Secret",
    });
    return undefined;
  }
  const refersTo = { kind, namespace, name };
  const object = objects.get(kind, namespace, name);
  if (object === undefined) {
    report({
      code: kind === "Secret" ? "secret-not-found" : "config-map-not-found",
      severity: "error",
      path: [...path, "name"],
      message: `The ${kind} \`${name}\` does not exist in the namespace \`${namespace}\``,
      hint: "Create it there, or correct the name",
      refersTo,
    });
    return undefined;
  }
  const { pem, fault } = readGatewayAuthorities(object);
  if (fault === undefined) return pem;
  const message = `The ${kind} \`${name}\` ${fault}`;
  const hint = "Put the certificates of the authorities there as PEM, under `ca.crt`";
  report({ code: "certificate-unusable", severity: "error", path: [...path, "name"], message, hint, refersTo });
  return undefined;
}

function invalid({ path, report }: Place, message: string, hint?: string): undefined {
  report({ code: "invalid-field", severity: "error", path, message, ...(hint === undefined ? {} : { hint }) });
}
