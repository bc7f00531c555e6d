import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { clipProblem } from "../clip-problem.ts";
import type { Problem } from "../problem.ts";
import { ignorable, type Report, readSpec } from "../read-object.ts";
import { type Place, readElements } from "../traefik/context.ts";
import { ANY_HOST, readHostname } from "./hostnames.ts";
import { labelSelectorSchema } from "./namespace-selector.ts";

const unread = z.unknown().optional();

const tlsSchema = z.object({
  mode: z.enum(["Terminate", "Passthrough"]).default("Terminate"),
  certificateRefs: unread,
  frontendValidation: unread,
  options: unread,
});

export const listenerSchema = z.object({
  name: z.string(),
  hostname: z.string().optional(),
  port: z.int().min(1).max(65_535),
  protocol: z.string(),
  tls: tlsSchema.optional(),
  allowedRoutes: z
    .object({
      namespaces: z
        .object({
          from: z.enum(["All", "Selector", "Same", "None"]).default("Same"),
          selector: labelSelectorSchema.optional(),
        })
        .optional(),
      kinds: z.array(z.object({ group: z.string().default("gateway.networking.k8s.io"), kind: z.string() })).optional(),
    })
    .default({}),
});

/** https://gateway-api.sigs.k8s.io/reference/spec/#gatewayspec */
export const gatewaySchema = z.object({
  gatewayClassName: z.string(),
  listeners: z.array(z.unknown()).default([]),
  tls: ignorable(z.object({ frontend: unread, backend: unread })),
  addresses: unread,
  infrastructure: unread,
  allowedListeners: unread,
  backendTLS: unread,
  defaultScope: unread,
});

export type Listener = Omit<z.output<typeof listenerSchema>, "hostname"> & { hostname: string; index: number };

export interface GatewaySpec {
  className: string;
  /** Those that can be served, in order. */
  listeners: readonly Listener[];
  /** The names of those that cannot. */
  unserved: ReadonlySet<string>;
  problems: readonly Omit<Problem, "object">[];
}

/** Each Gateway is read once, however many routes it has. */
const known = new WeakMap<KubernetesObject, GatewaySpec>();

/** What a Gateway says, as far as routing goes; undefined problems aside, nothing here depends on other objects. */
export function readGateway(object: KubernetesObject): GatewaySpec {
  let found = known.get(object);
  if (found === undefined) {
    found = read(object);
    known.set(object, found);
  }
  return found;
}

function read(object: KubernetesObject): GatewaySpec {
  const problems: Omit<Problem, "object">[] = [];
  // They are told in conditions as they are here.
  const report: Report = (problem) => problems.push(clipProblem(problem));
  const spec = readSpec(gatewaySchema, object, report);
  const listeners: Listener[] = [];
  const unserved = new Set<string>();
  const place: Place = { namespace: object.metadata.namespace ?? "", path: ["spec", "listeners"], report };
  const needsClientCertificates = spec?.tls?.frontend !== undefined && spec.tls.frontend !== null;
  for (const { value, at } of readElements(listenerSchema, spec?.listeners ?? [], place)) {
    const { protocol } = value;
    // Connections and datagrams name no host, so that a listener of theirs has none.
    const takesAny = !value.hostname || protocol === "TCP" || protocol === "UDP";
    const hostname = takesAny ? ANY_HOST : readHostname(value.hostname ?? "");
    const problem =
      hostname === undefined
        ? badHostname(value.hostname ?? "", at)
        : (refuse(value, at, needsClientCertificates) ?? conflict(value, hostname, listeners, at));
    if (problem !== undefined) report(problem);
    if (problem !== undefined || hostname === undefined) unserved.add(value.name);
    else listeners.push({ ...value, hostname, index: Number(at.path.at(-1)) });
  }
  return { className: spec?.gatewayClassName ?? "", listeners, unserved, problems };
}

const badHostname = (hostname: string, { path }: Place): Omit<Problem, "object"> => ({
  code: "invalid-field",
  severity: "error",
  path: [...path, "hostname"],
  message: `\`${hostname.slice(0, 100)}\` is not a host name; the listener is left out`,
  hint: "Write a DNS name without a port, the first label possibly `*`",
});

function refuse(
  { name, protocol, tls }: z.output<typeof listenerSchema>,
  { path }: Place,
  needsClientCertificates: boolean,
): Omit<Problem, "object"> | undefined {
  const unsupported = (field: string, what: string, hint: string): Omit<Problem, "object"> => ({
    code: "listener-unsupported",
    severity: "error",
    path: [...path, field],
    message: `The listener \`${name}\` is left out: ${what}`,
    hint,
  });
  if (!protocols.has(protocol)) {
    return unsupported("protocol", `there is no protocol \`${protocol.slice(0, 60)}\``, "Write `HTTP` or `HTTPS`");
  }
  if (protocol !== "HTTPS" && protocol !== "TLS") return undefined;
  if (tls?.mode === "Passthrough") {
    if (protocol === "TLS") return undefined;
    return unsupported("tls", "HTTPS is never passed through", "Write `mode: Terminate`, or `protocol: TLS`");
  }
  const validates =
    needsClientCertificates || (tls?.frontendValidation !== undefined && tls.frontendValidation !== null);
  return validates ? unsupported("tls", "client certificates are not demanded yet", howToDemand(protocol)) : undefined;
}

const protocols: ReadonlySet<string> = new Set(["HTTP", "HTTPS", "TLS", "TCP", "UDP"]);

const howToDemand = (protocol: string): string =>
  protocol === "TLS" ? "An IngressRouteTCP can, by a TLSOption" : "Set them in the zone's settings";

/** Of listeners that claim the same requests the first has them. */
function conflict(
  { name, port, protocol }: { name: string; port: number; protocol: string },
  hostname: string,
  earlier: readonly Listener[],
  { path }: Place,
): Omit<Problem, "object"> | undefined {
  const other = earlier.find(
    (one) => one.name === name || (one.port === port && one.protocol === protocol && one.hostname === hostname),
  );
  if (other === undefined) return undefined;
  return {
    code: "listener-conflict",
    severity: "error",
    path,
    message:
      other.name === name
        ? `There are two listeners \`${name}\`; the second is left out`
        : `The listener \`${name}\` has port, protocol and hostname of \`${other.name}\`; it is left out`,
    hint: "Give each a name, and a port or hostname of its own",
  };
}
