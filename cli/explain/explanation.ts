import type { MatchCandidate } from "../../src/router/explain-match.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import type { ServiceNode } from "./service-tree.ts";
import type { MiddlewareStep } from "./trace-middlewares.ts";

/** How a request fares at the edge, and why. */
export interface Explanation {
  request: {
    method: string;
    url: string;
    host: string;
    /** As rules compare it; undefined for one that is refused. */
    path: string | undefined;
    entryPoint: string | undefined;
    tls: boolean;
  };
  /** Set when the edge answers itself, without asking a service. */
  answer?: { status: number; reason: string };
  winner?: MatchCandidate;
  candidates: readonly MatchCandidate[];
  middlewares: readonly MiddlewareStep[];
  service?: ServiceNode;
  /** What is wrong with the route that answers. */
  problems: readonly Problem[];
}
