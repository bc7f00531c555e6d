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
  /** The routers below the winner, level by level, each asked with the request as the level above has left it. */
  below: readonly LevelBelow[];
  service?: ServiceNode;
  /** What is wrong with the route that answers. */
  problems: readonly Problem[];
}

/** Routers below a router, which of them takes the request, and what that one's middlewares do. */
interface LevelBelow {
  winner?: MatchCandidate;
  /** All others. */
  candidates: readonly MatchCandidate[];
  middlewares: readonly MiddlewareStep[];
}
