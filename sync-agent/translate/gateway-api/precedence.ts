import { hostRank } from "./hostnames.ts";

/** What the precedence of a match depends on. */
export interface Precedence {
  /** The host that route and listener have in common. */
  host: string;
  /** The host as the route has it, which decides between routes that have the same in common with the listener. */
  routeHost: string;
  isExactPath: boolean;
  /** Of a call: the length of its service. */
  pathLength: number;
  /** Of a call: the length of its method. */
  methodLength?: number;
  hasMethod: boolean;
  headers: number;
  queryParams: number;
}

/**
 * The precedence of a HTTPRoute's match as a router's priority, a whole number below 2^41
 * (https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec). What is equal here is decided by the tie-breaker.
 */
export const priorityOf = (match: Precedence): number =>
  joinDigits([
    [hostRank(match.host), 9],
    [hostRank(match.routeHost), 9],
    [match.isExactPath ? 1 : 0, 1],
    [match.pathLength, 11],
    [match.hasMethod ? 1 : 0, 1],
    [match.headers, 5],
    [match.queryParams, 5],
  ]);

/** As `priorityOf`, of a GRPCRoute's match (https://gateway-api.sigs.k8s.io/reference/spec/#grpcroutespec). */
export const grpcPriorityOf = (match: Precedence): number =>
  joinDigits([
    [hostRank(match.host), 9],
    [hostRank(match.routeHost), 9],
    [match.pathLength, 9],
    [match.methodLength ?? 0, 9],
    [match.headers, 5],
  ]);

/** Criterion after criterion, each in as many bits as its values need. */
const joinDigits = (digits: readonly [value: number, bits: number][]): number =>
  // Not by shifts: those end at 32 bits.
  digits.reduce((sum, [value, bits]) => sum * 2 ** bits + Math.min(value, 2 ** bits - 1), 0);
