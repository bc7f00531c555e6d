import type { Exchange } from "../exchange/exchange.ts";
import type { Endpoints, LoadBalancer } from "../table/service.ts";

/** Where an exchange goes at last. */
export interface Destination {
  /** The load balancer's name in the table. */
  service: string;
  options: LoadBalancer;
  endpoints: Endpoints;
}

/**
 * Takes the last hop. Never rejects: what no endpoint answers is a 502, 503 or 504, and noted in
 * `exchange.failure`.
 */
export type Send = (exchange: Exchange, destination: Destination) => Promise<Response>;
