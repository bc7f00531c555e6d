/**
 * The last hop from the edge to the origin gateway: one packed request header, so that the edge changes as
 * little as possible of a request (each header edit costs CPU), and what the gateway answers with.
 */

/** Carries the packed hop. Whatever a client sends under this name is overwritten. */
export const HOP_HEADER = "sluice-hop";
/**
 * On an answer of the gateway: the current pointer as `<epoch>.<generation>.<root>.<publisher>`, sent only when it is
 * not the one that the hop named. The edge takes it off.
 */
export const POINTER_HEADER = "sluice-pointer";
/** On an answer that the gateway made itself because no Pod answered: a `HopFailure`. The edge takes it off. */
export const FAILURE_HEADER = "sluice-failure";
/**
 * On an answer to a hop that is logged: the Pod's address and port, and how often the request was sent again, with a
 * space between. The edge takes it off.
 */
export const POD_HEADER = "sluice-pod";
/** Marks a mirrored request for the Pod that gets it. */
export const MIRROR_HEADER = "sluice-mirror";

/** Why the gateway could not get an answer. `unreachable`: no byte of the request reached a Pod, it can be sent elsewhere. */
export type HopFailure = "unauthorized" | "unknown-service" | "no-endpoint" | "unreachable" | "broken" | "timeout";

/** A middleware that the gateway holds a request to, since only there all of them can be counted. */
export interface HopGuard {
  /** Its name in the table. */
  middleware: string;
  /** What the request is counted under; empty where all are counted together. */
  key: string;
}

export interface HopGuards {
  /** The router that took the request: each has counts and breakers of its own. */
  router: string;
  /** The outermost first; at least one. */
  list: readonly HopGuard[];
}

export interface Hop {
  /** Names the service and a minute, signed. See `token.ts`. */
  token: string;
  /** The load balancer's name in the table. */
  service: string;
  scheme: "http" | "https";
  /** The port that the client used. */
  port: number;
  clientAddress: string;
  /** Whether the X-Forwarded-* headers that the client sent are kept. */
  trusted: boolean;
  /** Lower-case names of forwarded headers that the edge set or deleted itself and the gateway must not replace. */
  assigned: readonly string[];
  /** Set on a mirror's copy. */
  mirror: boolean;
  /** Set when the edge logs the request, and asks for `POD_HEADER`. */
  logged?: boolean | undefined;
  /** The generation that the edge routed by. */
  generation: number;
  /** What the request is held to; left out where that is nothing. */
  guards?: HopGuards | undefined;
  /** The Host that the Pod gets; last, because it may hold any character but a space. */
  host: string;
}
