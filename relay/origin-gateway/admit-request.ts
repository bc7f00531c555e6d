import { HOP_HEADER, type Hop, type HopFailure, POINTER_HEADER } from "../../src/hop/hop.ts";
import { encodePointer } from "../../src/hop/pointer-header.ts";
import type { ClientExchange } from "./client-exchange.ts";
import type { Gateway, Refusal } from "./gateway.ts";
import { type GatewayTable, transportOf } from "./gateway-table.ts";
import type { Admitted, KnownHop } from "./known-hops.ts";
import { targetsOf } from "./target.ts";

/** A request that may not be sent on. */
export interface Refused {
  failure: HopFailure;
  answerHeaders?: readonly string[];
}

/**
 * Checks the hop and finds where the request may go. Nothing in a request names an address: a signed token names a
 * service, and the table its endpoints.
 *
 * @returns a promise only when the token is new
 */
export function admitRequest(
  { headers }: Pick<ClientExchange, "headers">,
  gateway: Gateway,
): Admitted | Refused | Promise<Admitted | Refused> {
  const packed = headers[HOP_HEADER];
  const table = gateway.source.current();
  const known = typeof packed === "string" ? gateway.hops.read(packed, table) : undefined;
  if (known === undefined) return refuse(gateway, "no-hop");
  const verdict = gateway.verifier.verify(known.hop.token, known.hop.service);
  return typeof verdict === "boolean"
    ? judge(known, verdict, table, gateway)
    : verdict.then((isGenuine) => judge(known, isGenuine, table, gateway));
}

function judge(
  known: KnownHop,
  isGenuine: boolean,
  table: GatewayTable | undefined,
  gateway: Gateway,
): Admitted | Refused {
  const { hop } = known;
  if (!isGenuine) return refuse(gateway, gateway.verifier.whyRefused(hop.token, hop.service));
  if (table === undefined) return { failure: "unknown-service" };
  if (known.admitted !== undefined) return known.admitted;
  const admitted = findTargets(hop, table, gateway);
  if (!("failure" in admitted)) known.admitted = admitted;
  return admitted;
}

function findTargets(hop: Hop, table: GatewayTable, gateway: Gateway): Admitted | Refused {
  const answerHeaders = table.pointer.generation > hop.generation ? [POINTER_HEADER, encodePointer(table.pointer)] : [];
  const service = Object.hasOwn(table.services, hop.service) ? table.services[hop.service] : undefined;
  if (service?.type !== "loadBalancer") {
    gateway.counters.refused["unknown-service"]++;
    return { failure: "unknown-service", answerHeaders };
  }
  const transport = transportOf(service, table);
  if (transport === "unknown") {
    gateway.counters.refused["unknown-transport"]++;
    gateway.onUnknownTransport(service);
    // Nothing has reached a Pod: another gateway may know it.
    return { failure: "unreachable", answerHeaders };
  }
  const endpoints = Object.hasOwn(table.endpoints, service.endpoints) ? table.endpoints[service.endpoints] : undefined;
  const targets = endpoints === undefined ? undefined : targetsOf(endpoints);
  if (targets === undefined || (targets.all.length === 0 && targets.lastResort === undefined)) {
    return { failure: "no-endpoint", answerHeaders };
  }
  const guards = hop.guards && gateway.guards.plan(hop.guards, table.middlewares);
  if (hop.guards !== undefined && guards === undefined) {
    gateway.counters.refused["unknown-middleware"]++;
    return { failure: "unknown-service", answerHeaders };
  }
  return { hop, table, service, targets, transport, answerHeaders, guards };
}

function refuse({ counters }: Gateway, reason: Refusal): Refused {
  counters.unauthorized++;
  counters.refused[reason]++;
  return { failure: "unauthorized" };
}
