import type { ServersTransport } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { TranslateObject } from "../fragment.ts";
import { parseGoDuration } from "../go-duration.ts";
import { objectName, qualify } from "../names.ts";
import { type Report, readSpec } from "../read-object.ts";
import { readSecret } from "../read-secret.ts";
import { type Context, type Place, silent, startFragment } from "./context.ts";
import { findByName } from "./find-by-name.ts";
import { reportCrossNamespace } from "./report-cross-namespace.ts";
import { type ServersTransportSpec, serversTransportSchema } from "./servers-transport-schema.ts";

/** A ServersTransport by itself: its problems, and its entry in the table for those that name it. */
export const translateServersTransport: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  const transport = readTransport(object, report, context);
  if (transport !== undefined) fragment.table.serversTransports[nameOf(object)] = transport;
  return fragment;
};

const nameOf = ({ metadata }: KubernetesObject): string => qualify(objectName(metadata.namespace ?? "", metadata.name));

/**
 * The name in the table of the ServersTransport that a service names; `{}` when it names none. Undefined, with the
 * problem reported, when it cannot be used: to connect without what it demands would be to drop a guard.
 */
export function useServersTransport(
  name: string | undefined,
  place: Place,
  context: Context,
): { name?: string } | undefined {
  if (!name || name === "default@internal") return {};
  const object = find(name, place, context);
  if (object === undefined) return undefined;
  const key = nameOf(object);
  if (Object.hasOwn(context.table.serversTransports, key)) return { name: key };
  const transport = readTransport(object, silent, context);
  if (transport === undefined) {
    place.report({
      code: "invalid-field",
      severity: "error",
      path: place.path,
      message: `The ServersTransport \`${name}\` cannot be used; requests get 503`,
      hint: "See the problems of the ServersTransport itself",
    });
    return undefined;
  }
  context.table.serversTransports[key] = transport;
  return { name: key };
}

function find(name: string, place: Place, { objects, settings }: Context): KubernetesObject | undefined {
  const isLocal = !name.includes("@");
  if (!isLocal && name.endsWith("@kubernetescrd") && !settings.crd.allowCrossNamespace) {
    reportCrossNamespace(`\`${name}\``, place);
    return undefined;
  }
  const object = isLocal
    ? objects.get("ServersTransport", place.namespace, name)
    : name.endsWith("@kubernetescrd")
      ? findByName("ServersTransport", name.slice(0, name.lastIndexOf("@")), objects)
      : undefined;
  if (object === undefined) {
    place.report({
      code: "servers-transport-not-found",
      severity: "error",
      path: place.path,
      message: isLocal
        ? `The ServersTransport \`${name}\` does not exist in the namespace \`${place.namespace}\``
        : `The ServersTransport \`${name}\` does not exist`,
      hint: "Create it there, or leave `serversTransport` out",
      refersTo: { kind: "ServersTransport", namespace: place.namespace, name },
    });
  }
  return object;
}

/** Fields whose loss would weaken what is checked about the Pod: the transport cannot be used without them. */
const guards = ["peerCertURI", "peerCertSANs", "spiffe"] as const;
const niceties = ["minVersion", "maxVersion", "cipherSuites"] as const;

function readTransport(object: KubernetesObject, report: Report, context: Context): ServersTransport | undefined {
  const spec = readSpec(serversTransportSchema, object, report);
  if (spec === undefined) return undefined;
  let isUsable = true;
  for (const field of [...guards, ...niceties]) {
    if (spec[field] === undefined || spec[field] === null) continue;
    const isGuard = guards.some((guard) => guard === field);
    report({
      code: "unsupported-field",
      severity: isGuard ? "error" : "warning",
      path: ["spec", field],
      message: `\`${field}\` is not supported yet${isGuard ? "; services with this ServersTransport answer 503" : ""}`,
    });
    if (isGuard) isUsable = false;
  }
  if (!isUsable) return undefined;
  const { serverName, insecureSkipVerify, maxIdleConnsPerHost, disableHTTP2 } = spec;
  const rootCAs = readRootCAs(spec, object, report, context);
  const certificates = readCertificates(spec, object, report, context);
  return {
    ...(serverName ? { serverName } : {}),
    ...(insecureSkipVerify === undefined ? {} : { insecureSkipVerify }),
    ...(rootCAs.length === 0 ? {} : { rootCAs }),
    ...(certificates.length === 0 ? {} : { certificates }),
    ...(maxIdleConnsPerHost === undefined ? {} : { maxIdleConnsPerHost }),
    ...(disableHTTP2 === undefined ? {} : { disableHttp2: disableHTTP2 }),
    ...readTimeouts(spec, report),
  };
}

function readTimeouts(spec: ServersTransportSpec, report: Report): Partial<ServersTransport> {
  const timeouts: Partial<ServersTransport> = {};
  const fields = ["dialTimeout", "responseHeaderTimeout", "idleConnTimeout"] as const;
  for (const field of fields) {
    const value = spec.forwardingTimeouts?.[field];
    if (value === undefined) continue;
    const ms = parseGoDuration(value);
    if (ms !== undefined && ms >= 0) timeouts[`${field}Ms`] = ms;
    else {
      report({
        code: "invalid-field",
        severity: "warning",
        path: ["spec", "forwardingTimeouts", field],
        message: `\`${value}\` is not a duration; the default holds`,
        hint: "Write it like `30s`",
      });
    }
  }
  for (const field of ["readIdleTimeout", "pingTimeout"] as const) {
    if (spec.forwardingTimeouts?.[field] === undefined) continue;
    const path = ["spec", "forwardingTimeouts", field];
    report({ code: "unsupported-field", severity: "warning", path, message: `\`${field}\` is not supported yet` });
  }
  return timeouts;
}

function readRootCAs(spec: ServersTransportSpec, object: KubernetesObject, report: Report, context: Context): string[] {
  const found: string[] = [];
  const take = (name: string, path: (string | number)[]): void => {
    const secret = findSecret(name, path, object, report, context);
    const pem = secret && (readSecret(secret, "ca.crt") ?? readSecret(secret, "tls.ca"));
    if (pem) found.push(pem);
    else if (secret !== undefined) reportEntry(name, "`ca.crt` or `tls.ca`", path, report);
  };
  for (const [index, { secret, configMap }] of (spec.rootCAs ?? []).entries()) {
    if (secret) take(secret, ["spec", "rootCAs", index, "secret"]);
    else if (configMap) {
      const path = ["spec", "rootCAs", index, "configMap"];
      const message = "Certificates from ConfigMaps are not supported yet";
      report({ code: "unsupported-field", severity: "warning", path, message, hint: "Put it into a Secret" });
    }
  }
  for (const [index, name] of (spec.rootCAsSecrets ?? []).entries()) take(name, ["spec", "rootCAsSecrets", index]);
  return found;
}

function readCertificates(
  spec: ServersTransportSpec,
  object: KubernetesObject,
  report: Report,
  context: Context,
): { certificate: string; key: string }[] {
  const found: { certificate: string; key: string }[] = [];
  for (const [index, name] of (spec.certificatesSecrets ?? []).entries()) {
    const path = ["spec", "certificatesSecrets", index];
    const secret = findSecret(name, path, object, report, context);
    const certificate = secret && readSecret(secret, "tls.crt");
    const key = secret && readSecret(secret, "tls.key");
    if (certificate && key) found.push({ certificate, key });
    else if (secret !== undefined) reportEntry(name, "`tls.crt` and `tls.key`", path, report);
  }
  return found;
}

function findSecret(
  name: string,
  path: (string | number)[],
  { metadata: { namespace = "" } }: KubernetesObject,
  report: Report,
  { objects }: Context,
): KubernetesObject | undefined {
  const secret = objects.get("Secret", namespace, name);
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

function reportEntry(name: string, entries: string, path: (string | number)[], report: Report): void {
  const message = `The Secret \`${name}\` has no ${entries}`;
  report({ code: "invalid-field", severity: "error", path, message });
}
