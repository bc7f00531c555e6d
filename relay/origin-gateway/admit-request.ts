import { decodeHop } from "../../src/hop/decode-hop.ts";
import { HOP_HEADER, type Hop, type HopFailure, POINTER_HEADER } from "../../src/hop/hop.ts";
import { encodePointer } from "../../src/hop/pointer-header.ts";
import type { LoadBalancer } from "../../src/table/service.ts";
import type { ClientExchange } from "./client-exchange.ts";
import type { Gateway, Refusal } from "./gateway.ts";
import type { GatewayTable } from "./gateway-table.ts";
import { type TargetSet, targetsOf } from "./target.ts";

/** A request that may be sent on. */
export interface Admitted {
  hop: Hop;
  /** The table that the request is answered by, whatever comes after it. */
  table: GatewayTable;
  service: LoadBalancer;
  targets: TargetSet;
  /** Lines for the answer: where the edge finds a newer table, if it does not route by this one. */
  answerHeaders: readonly string[];
}

/** A request that may not. */
export interface Refused {
  failure: HopFailure;
  answerHeaders?: readonly string[];
}

/**
 * Checks the hop and finds where the request may go. Nothing in a request names an address: a signed token names a
 * service, and the table its endpoints.
 */
export function admitRequest(
  { headers }: Pick<ClientExchange, "headers">,
  gateway: Gateway,
): Admitted | Refused | Promise<Admitted | Refused> {
  const packed = headers[HOP_HEADER];
  const hop = typeof packed === "string" ? readHop(packed, gateway) : undefined;
  if (hop === undefined) return refuse(gateway, "no-hop");
  const verdict = gateway.verifier.verify(hop.token, hop.service);
  return typeof verdict === "boolean"
    ? judge(hop, verdict, gateway)
    : verdict.then((isGenuine) => judge(hop, isGenuine, gateway));
}

/** A client that comes again brings the same hop, with the same token: it is looked up, not read. */
function readHop(packed: string, { hops }: Gateway): Hop | undefined {
  const known = hops.get(packed);
  if (known !== undefined) return known;
  const hop = decodeHop(packed);
  if (hop !== undefined) hops.set(packed, hop);
  return hop;
}

function judge(hop: Hop, isGenuine: boolean, gateway: Gateway): Admitted | Refused {
  if (!isGenuine) return refuse(gateway, gateway.verifier.whyRefused(hop.token, hop.service));
  const table = gateway.source.current();
  if (table === undefined) return { failure: "unknown-service" };
  const answerHeaders = table.pointer.generation > hop.generation ? [POINTER_HEADER, encodePointer(table.pointer)] : [];

  const service = Object.hasOwn(table.services, hop.service) ? table.services[hop.service] : undefined;
  if (service?.type !== "loadBalancer") {
    gateway.counters.refused["unknown-service"]++;
    return { failure: "unknown-service", answerHeaders };
  }
  const endpoints = Object.hasOwn(table.endpoints, service.endpoints) ? table.endpoints[service.endpoints] : undefined;
  const targets = endpoints === undefined ? undefined : targetsOf(endpoints);
  if (targets === undefined || (targets.all.length === 0 && targets.lastResort === undefined)) {
    return { failure: "no-endpoint", answerHeaders };
  }
  return { hop, table, service, targets, answerHeaders };
}

function refuse({ counters }: Gateway, reason: Refusal): Refused {
  counters.unauthorized++;
  counters.refused[reason]++;
  return { failure: "unauthorized" };
}
