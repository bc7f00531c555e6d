import type { TcpRouter } from "../../../src/table/tcp.ts";
import type { TcpRule } from "../../../src/table/tcp-rule.ts";
import { DEFAULT_TLS_OPTIONS } from "../../../src/table/tls.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { emptyFragment, type TranslateObject } from "../fragment.ts";
import { misplacedFields } from "../misplaced-fields.ts";
import { qualify, sha256Hex } from "../names.ts";
import { readSpec } from "../read-object.ts";
import { tieBreaker } from "../tie-breaker.ts";
import { useTlsOptions } from "../tls/use-tls-options.ts";
import { type Context, type Place, readElements, startFragment, within } from "../traefik/context.ts";
import { attachRoute } from "./attach-route.ts";
import type { Attachment } from "./attachment.ts";
import { buildStreamBackends, type StreamRouteKind } from "./build-stream-backends.ts";
import { ANY_HOST, hostRank } from "./hostnames.ts";
import { GATEWAY_PROVIDER } from "./put-named.ts";
import { readHosts } from "./read-hosts.ts";
import { type StreamRouteSpec, streamRouteSchema, streamRuleSchema, tlsRouteSchema } from "./stream-schema.ts";
import { reportUnusedFields } from "./unused-fields.ts";

/**
 * A route of connections or datagrams: for each rule a router for each host, on the entry points of the listeners that
 * take it. Their rules have no conditions of their own, so that of two for one listener and host the older route's
 * serves.
 */
export const translateStreamRoute =
  (kind: StreamRouteKind): TranslateObject =>
  (object, objects, settings) => {
    const { fragment, report, context } = startFragment(object, objects, settings);
    const schema = kind === "TLSRoute" ? tlsRouteSchema : streamRouteSchema;
    const spec: StreamRouteSpec | undefined = readSpec(schema, object, report);
    if (spec === undefined) return fragment;
    const place: Place = {
      namespace: object.metadata.namespace ?? "",
      path: ["spec"],
      report,
      misplaced: misplacedFields[kind],
    };
    const attachments = attachRoute(kind, spec.parentRefs, readHosts(spec.hostnames ?? [], place), place, context);
    // What is wrong with a route of another controller is not ours to say.
    if (attachments === undefined) return emptyFragment();
    reportUnusedFields(object, report);
    for (const { value: rule, at } of readElements(streamRuleSchema, spec.rules, within(place, "rules"))) {
      const index = Number(at.path.at(-1));
      const name = `${kind.toLowerCase()}-${place.namespace}-${object.metadata.name}-${index}`;
      // A route that is served nowhere still says which of its references lead nowhere.
      const modes = attachments.length === 0 ? [false] : new Set(attachments.map(({ passthrough }) => passthrough));
      for (const passthrough of modes) {
        const service = buildStreamBackends(
          rule.backendRefs,
          name,
          kind,
          within(at, "backendRefs"),
          context,
          passthrough,
        );
        const served = attachments.filter((attachment) => attachment.passthrough === passthrough);
        if (kind === "UDPRoute") addUdpRouter(object, index, name, service, served, context);
        else addTcpRouters(object, index, name, service, served, place, context);
      }
    }
    return fragment;
  };

function addUdpRouter(
  object: KubernetesObject,
  index: number,
  name: string,
  service: string,
  attachments: readonly Attachment[],
  { table }: Context,
): void {
  const entryPoints = [...new Set(attachments.map(({ entryPoint }) => entryPoint))];
  if (entryPoints.length === 0) return;
  table.udpRouters.push({
    name: qualify(name, GATEWAY_PROVIDER),
    entryPoints,
    tieBreaker: tieBreaker("gateway", object, index),
    service,
  });
}

function addTcpRouters(
  object: KubernetesObject,
  index: number,
  name: string,
  service: string,
  attachments: readonly Attachment[],
  place: Place,
  context: Context,
): void {
  const routers = new Map<string, TcpRouter>();
  for (const { entryPoint, host, except, tls, passthrough } of attachments) {
    const matched = { rule: ruleOf(host, except), ...(tls && readTls(passthrough, place, context)) };
    const hash = sha256Hex(JSON.stringify(matched)).slice(0, 12);
    const earlier = routers.get(hash);
    if (earlier !== undefined) {
      if (!earlier.entryPoints.includes(entryPoint)) earlier.entryPoints.push(entryPoint);
      continue;
    }
    routers.set(hash, {
      name: qualify(`${name}-${hash}`, GATEWAY_PROVIDER),
      entryPoints: [entryPoint],
      ...matched,
      ruleText: textOf(host, except),
      // What takes everything comes behind all others, as with Traefik's kinds.
      priority: host === ANY_HOST ? -1 : hostRank(host),
      tieBreaker: `${tieBreaker("gateway", object, index)} ${hash}`,
      middlewares: [],
      service,
    });
  }
  context.table.tcpRouters.push(...routers.values());
}

/** The relay ends TLS by the default options, since Gateways name none. */
function readTls(passthrough: boolean, place: Place, context: Context): Pick<TcpRouter, "tls" | "closedBy"> {
  if (passthrough) return { tls: { passthrough } };
  const used = useTlsOptions({ name: DEFAULT_TLS_OPTIONS }, within(place, "parentRefs"), context);
  if ("closedBy" in used) return { tls: { passthrough }, closedBy: used.closedBy };
  return { tls: { passthrough, ...(used.name !== undefined && { options: used.name }) } };
}

function ruleOf(host: string, except: readonly string[]): TcpRule {
  const rules = [
    ...(host === ANY_HOST ? [] : [hostRule(host)]),
    ...except.map((other): TcpRule => ({ type: "not", rule: hostRule(other) })),
  ];
  const [only] = rules;
  if (only === undefined) return { type: "any" };
  return rules.length === 1 ? only : { type: "and", rules };
}

/** A wildcard of Gateway API stands for any number of labels. */
const hostRule = (host: string): TcpRule =>
  host.startsWith("*.") ? { type: "sniWildcard", suffix: host.slice(2), deep: true } : { type: "sni", name: host };

const textOf = (host: string, except: readonly string[]): string =>
  [`HostSNI(\`${host === ANY_HOST ? "*" : host}\`)`, ...except.map((other) => `!HostSNI(\`${other}\`)`)].join(" && ");
