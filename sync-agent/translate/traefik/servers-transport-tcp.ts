import * as z from "zod";
import type { ServersTransport } from "../../../src/table/service.ts";
import type { TcpLoadBalancer } from "../../../src/table/tcp.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { nameOfObject } from "../distinct-name.ts";
import type { TranslateObject } from "../fragment.ts";
import { parseGoDuration } from "../go-duration.ts";
import { type Report, readSpec } from "../read-object.ts";
import { type Context, type Place, silent, startFragment } from "./context.ts";
import { findTransport } from "./find-transport.ts";
import { peerNameFields, readPeerNames } from "./peer-names.ts";
import { readSpiffe, spiffeField } from "./spiffe.ts";
import { readCertificates, readRootCAs } from "./transport-secrets.ts";

const duration = z.union([z.string(), z.int()]);

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/tcp/serverstransporttcp/ */
export const serversTransportTcpSchema = z.object({
  dialTimeout: duration.optional(),
  dialKeepAlive: duration.optional(),
  terminationDelay: duration.optional(),
  proxyProtocol: z.object({ version: z.union([z.literal(1), z.literal(2)]).optional() }).optional(),
  tls: z
    .object({
      serverName: z.string().optional(),
      insecureSkipVerify: z.boolean().optional(),
      rootCAs: z.array(z.object({ secret: z.string().optional(), configMap: z.string().optional() })).optional(),
      /** The older form of `rootCAs`. */
      rootCAsSecrets: z.array(z.string()).optional(),
      certificatesSecrets: z.array(z.string()).optional(),
      ...peerNameFields,
      spiffe: spiffeField,
    })
    .optional(),
});

/** What a ServersTransportTCP says of a load balancer that names it. */
export interface TcpTransport {
  /** How endpoints are connected to. */
  transport: ServersTransport;
  balancing: Pick<TcpLoadBalancer, "terminationDelayMs" | "proxyProtocol">;
  /** Whether endpoints are spoken TLS to. */
  hasTls: boolean;
}

/** A ServersTransportTCP by itself: its problems. */
export const translateServersTransportTcp: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  readTransport(object, report, context);
  return fragment;
};

/**
 * The ServersTransportTCP that a service names, its entry put into the table; `{}` when it names none. Undefined, with
 * the problem reported, when it cannot be used: to connect without what it demands would be to drop a guard.
 */
export function useServersTransportTcp(
  name: string | undefined,
  place: Place,
  context: Context,
): ({ name: string } & TcpTransport) | { name?: undefined } | undefined {
  if (!name || name === "default@internal") return {};
  const object = findTransport("ServersTransportTCP", name, place, context);
  if (object === undefined) return undefined;
  const read = readTransport(object, silent, context);
  if (read === undefined) {
    place.report({
      code: "invalid-field",
      severity: "error",
      path: place.path,
      message: `The ServersTransportTCP \`${name}\` cannot be used; connections are closed`,
      hint: "See the problems of the ServersTransportTCP itself",
    });
    return undefined;
  }
  // A ServersTransport of the same name is another object.
  const key = nameOfObject("serversTransports", object, context, "~tcp");
  context.table.serversTransports[key] = read.transport;
  return { name: key, ...read };
}

function readTransport(object: KubernetesObject, report: Report, context: Context): TcpTransport | undefined {
  const spec = readSpec(serversTransportTcpSchema, object, report);
  if (spec === undefined) return undefined;
  const { tls = {}, proxyProtocol } = spec;
  const bySpiffe = readSpiffe(tls, ["spec", "tls"], report);
  if (bySpiffe === undefined) return undefined;
  const secrets = { object, path: ["spec", "tls"], report, context };
  const rootCAs = readRootCAs(tls, secrets);
  const certificates = readCertificates(tls, secrets);
  const dialTimeoutMs = readDuration("dialTimeout", spec.dialTimeout, report);
  const terminationDelayMs = readDuration("terminationDelay", spec.terminationDelay, report);
  const keepAliveMs = readDuration("dialKeepAlive", spec.dialKeepAlive, report);
  if (keepAliveMs !== undefined && keepAliveMs !== KEEP_ALIVE_MS) {
    const message = "`dialKeepAlive` has no effect: silent connections are probed every 15s";
    report({ code: "unsupported-field", severity: "notice", path: ["spec", "dialKeepAlive"], message });
  }
  return {
    transport: {
      ...(tls.serverName ? { serverName: tls.serverName } : {}),
      ...(tls.insecureSkipVerify === undefined ? {} : { insecureSkipVerify: tls.insecureSkipVerify }),
      ...(rootCAs.length === 0 ? {} : { rootCAs }),
      ...(certificates.length === 0 ? {} : { certificates }),
      ...readPeerNames(tls),
      ...bySpiffe,
      ...(dialTimeoutMs === undefined ? {} : { dialTimeoutMs: Math.max(dialTimeoutMs, 0) }),
    },
    balancing: {
      ...(terminationDelayMs === undefined ? {} : { terminationDelayMs }),
      ...(proxyProtocol === undefined ? {} : { proxyProtocol: proxyProtocol.version ?? 2 }),
    },
    hasTls: spec.tls !== undefined,
  };
}

/** Traefik's default, and what the relay does. */
const KEEP_ALIVE_MS = 15_000;

function readDuration(field: string, value: string | number | undefined, report: Report): number | undefined {
  if (value === undefined) return undefined;
  const ms = parseGoDuration(value);
  if (ms === undefined) {
    report({
      code: "invalid-field",
      severity: "warning",
      path: ["spec", field],
      message: `\`${value}\` is not a duration; the default holds`,
      hint: "Write it like `30s`",
    });
  }
  return ms;
}
