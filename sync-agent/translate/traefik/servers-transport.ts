import type { ServersTransport } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { nameOfObject } from "../distinct-name.ts";
import type { TranslateObject } from "../fragment.ts";
import { parseGoDuration } from "../go-duration.ts";
import { type Report, readSpec } from "../read-object.ts";
import { tlsCipherSuites, tlsVersions } from "../tls/go-names.ts";
import { type Context, type Place, silent, startFragment } from "./context.ts";
import { findTransport } from "./find-transport.ts";
import { readPeerNames } from "./peer-names.ts";
import { type ServersTransportSpec, serversTransportSchema } from "./servers-transport-schema.ts";
import { readSpiffe } from "./spiffe.ts";
import { readCertificates, readRootCAs } from "./transport-secrets.ts";

/** A ServersTransport by itself: its problems, and its entry in the table for those that name it. */
export const translateServersTransport: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  const transport = readTransport(object, report, context);
  if (transport !== undefined) fragment.table.serversTransports[nameOf(object, context)] = transport;
  return fragment;
};

const nameOf = (object: KubernetesObject, context: Context): string =>
  nameOfObject("serversTransports", object, context);

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
  const object = findTransport("ServersTransport", name, place, context);
  if (object === undefined) return undefined;
  const key = nameOf(object, context);
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

function readTransport(object: KubernetesObject, report: Report, context: Context): ServersTransport | undefined {
  const spec = readSpec(serversTransportSchema, object, report);
  if (spec === undefined) return undefined;
  const bySpiffe = readSpiffe(spec, ["spec"], report);
  if (bySpiffe === undefined) return undefined;
  const { serverName, insecureSkipVerify, maxIdleConnsPerHost, disableHTTP2 } = spec;
  const secrets = { object, path: ["spec"], report, context };
  const rootCAs = readRootCAs(spec, secrets);
  const certificates = readCertificates(spec, secrets);
  return {
    ...(serverName ? { serverName } : {}),
    ...(insecureSkipVerify === undefined ? {} : { insecureSkipVerify }),
    ...(rootCAs.length === 0 ? {} : { rootCAs }),
    ...(certificates.length === 0 ? {} : { certificates }),
    ...(maxIdleConnsPerHost === undefined ? {} : { maxIdleConnsPerHost }),
    ...(disableHTTP2 === undefined ? {} : { disableHttp2: disableHTTP2 }),
    ...readPeerNames(spec),
    ...bySpiffe,
    ...readTls(spec),
    ...readTimeouts(spec, report),
  };
}

/** Go's names are read by the schema. */
function readTls({ minVersion = "", maxVersion = "", cipherSuites = [] }: ServersTransportSpec) {
  const [minTlsVersion, maxTlsVersion] = [tlsVersions.get(minVersion), tlsVersions.get(maxVersion)];
  return {
    ...(minTlsVersion && { minTlsVersion }),
    ...(maxTlsVersion && { maxTlsVersion }),
    ...(cipherSuites.length > 0 && { cipherSuites: cipherSuites.map((name) => tlsCipherSuites.get(name) ?? name) }),
  };
}

function readTimeouts(spec: ServersTransportSpec, report: Report): Partial<ServersTransport> {
  const timeouts: Partial<ServersTransport> = {};
  const fields = ["dialTimeout", "responseHeaderTimeout", "idleConnTimeout", "readIdleTimeout", "pingTimeout"] as const;
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
  return timeouts;
}
