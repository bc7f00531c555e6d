import { formatColumns, formatSpread } from "./format.ts";
import { measureGateway } from "./gateway.ts";
import type { Suite } from "./suite.ts";

/** The origin gateway against the barest proxy that the same libraries make. */
export const gatewaySuite: Suite = async ({ quick }) => {
  const { gateway, bare, ofBare, newTokens } = await measureGateway(
    quick ? { rounds: 20, requests: 1_000 } : { rounds: 80, requests: 2_000 },
  );
  return {
    lines: formatColumns([
      ["requests through the origin gateway", "CPU us/request", "of bare"],
      ["a bare undici proxy", formatSpread(bare, 1), ""],
      [`the gateway, 1,000 services, ${newTokens} new tokens`, formatSpread(gateway, 1), formatSpread(ofBare, 3)],
    ]),
    figures: { "gateway.vs_undici": { value: ofBare.median, spread: ofBare, atLeast: 0.9 } },
  };
};
