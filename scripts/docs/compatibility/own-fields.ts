import * as z from "zod";
import { middlewareSchema } from "../../../src/table/middleware.ts";
import { backendTlsPolicySchema } from "../../../sync-agent/translate/gateway-api/backend-tls-policy-schema.ts";
import { filterSchema } from "../../../sync-agent/translate/gateway-api/filter-schema.ts";
import { gatewayClassSchema } from "../../../sync-agent/translate/gateway-api/gateway-class.ts";
import { grpcMatchSchema, grpcRuleSchema } from "../../../sync-agent/translate/gateway-api/grpc-schema.ts";
import { gatewaySchema, listenerSchema } from "../../../sync-agent/translate/gateway-api/read-gateway.ts";
import * as httpRoute from "../../../sync-agent/translate/gateway-api/route-schema.ts";
import { ingressRouteSchema, routeSchema } from "../../../sync-agent/translate/traefik/ingress-route-schema.ts";
import { middlewareSpecs, middlewareTypes } from "../../../sync-agent/translate/traefik/middleware-types.ts";
import { serversTransportSchema } from "../../../sync-agent/translate/traefik/servers-transport-schema.ts";
import { serversTransportTcpSchema } from "../../../sync-agent/translate/traefik/servers-transport-tcp.ts";
import * as streams from "../../../sync-agent/translate/traefik/stream-route-schema.ts";
import { tlsOptionSchema } from "../../../sync-agent/translate/traefik/tls-option.ts";
import { mirrorSchema, traefikServiceSchema } from "../../../sync-agent/translate/traefik/traefik-service-schema.ts";
import { fieldRows } from "../describe-schema.ts";
import { type CrdField, printField } from "./crd-fields.ts";

type Schema = z.core.$ZodType;

/** What is read of each kind's `spec`, and what is read of the elements of its lists. */
const schemas: Readonly<Record<string, { schema: Schema; inner?: Readonly<Record<string, Schema>> }>> = {
  IngressRoute: {
    schema: ingressRouteSchema,
    inner: { "routes[]": routeSchema, "routes[].services[]": mirrorSchema.omit({ percent: true }) },
  },
  IngressRouteTCP: {
    schema: streams.ingressRouteTcpSchema,
    inner: { "routes[]": streams.tcpRouteSchema, "routes[].services[]": streams.tcpServiceSchema },
  },
  TraefikService: {
    schema: traefikServiceSchema,
    inner: { "weighted.services[]": mirrorSchema.omit({ percent: true }) },
  },
  Middleware: { schema: middlewareFields() },
  ServersTransport: { schema: serversTransportSchema },
  ServersTransportTCP: { schema: serversTransportTcpSchema },
  TLSOption: { schema: tlsOptionSchema },
  GatewayClass: { schema: gatewayClassSchema },
  Gateway: { schema: gatewaySchema, inner: { "listeners[]": listenerSchema } },
  BackendTLSPolicy: { schema: backendTlsPolicySchema },
  HTTPRoute: {
    schema: httpRoute.routeSchema,
    inner: {
      "parentRefs[]": httpRoute.parentRefSchema,
      "rules[]": httpRoute.ruleSchema,
      "rules[].matches[]": httpRoute.matchSchema,
      "rules[].filters[]": filterSchema,
      "rules[].backendRefs[]": httpRoute.backendRefSchema,
    },
  },
  GRPCRoute: {
    schema: httpRoute.routeSchema,
    inner: { "rules[]": grpcRuleSchema, "rules[].matches[]": grpcMatchSchema },
  },
};

/** One field for each type that a manifest may name, with what is read of it. */
function middlewareFields(): Schema {
  const tables = new Map(middlewareSchema.def.options.map((option) => [option.def.shape.type.def.values[0], option]));
  const read = Object.keys(middlewareTypes).flatMap((type): [string, Schema][] => {
    const schema = middlewareSpecs[type] ?? tables.get(type as Parameters<typeof tables.get>[0]);
    return schema === undefined ? [] : [[type, schema]];
  });
  return z.object(Object.fromEntries(read));
}

/** Fields of a kind that are read and that the models do not have: Sluice's own, and Traefik's newest. */
export function ownFields(kind: string, known: readonly CrdField[]): CrdField[] {
  const described = schemas[kind];
  if (described === undefined) return [];
  const { schema, inner = {} } = described;
  const paths = new Set(known.map(({ path }) => printField(path)));
  return fieldRows(schema, { inner, notes: {} })
    .map(({ path }) => `spec.${path}`)
    .filter((path) => !paths.has(path) && !path.endsWith(".type"))
    .map((path) => ({ path: path.replaceAll("[]", ".[]").split("."), types: [], values: [] }));
}
