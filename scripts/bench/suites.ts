import { agentSuite } from "./agent-suite.ts";
import { bundleSuite } from "./bundle-suite.ts";
import { coldSuite } from "./cold-suite.ts";
import { edgeSuite } from "./edge-suite.ts";
import { gatewaySuite } from "./gateway-suite.ts";
import { matchSuite } from "./match-suite.ts";
import { propagationSuite } from "./propagation-suite.ts";
import { relaySuite } from "./relay-suite.ts";
import type { Suite } from "./suite.ts";

/** The suites of `npm run bench`, in the order in which they run. One line adds one. */
export const suites: Readonly<Record<string, Suite>> = {
  match: matchSuite,
  bundle: bundleSuite,
  edge: edgeSuite,
  cold: coldSuite,
  gateway: gatewaySuite,
  relay: relaySuite,
  agent: agentSuite,
  propagation: propagationSuite,
};
