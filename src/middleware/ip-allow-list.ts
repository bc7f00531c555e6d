import { plainAnswer } from "../edge/plain-answer.ts";
import { compileAddressBlocks, compileClientIp } from "./client-ip.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { invalid } from "./middleware-error.ts";

/**
 * Traefik's ipAllowList
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ipallowlist/): passes only clients
 * from these addresses. A client whose address the strategy cannot tell is refused.
 */
export const ipAllowList: MiddlewareFactory<"ipAllowList"> = {
  type: "ipAllowList",
  build({ sourceRange, ipStrategy, rejectStatusCode }) {
    if (sourceRange.length === 0) throw invalid("The sourceRange is empty");
    if (!(rejectStatusCode >= 200 && rejectStatusCode <= 599)) throw invalid(`${rejectStatusCode} is not a status`);
    const isAllowed = compileAddressBlocks(sourceRange);
    const clientIp = compileClientIp(ipStrategy);
    return (next) => async (exchange) => {
      const address = clientIp(exchange);
      return address !== "" && isAllowed(address) ? next(exchange) : plainAnswer(rejectStatusCode);
    };
  },
};
