import { editResponse } from "../exchange/edit-response.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { checkAuthority } from "./authority.ts";
import { checkHeader, checkHeaderName } from "./check-header.ts";
import { appendRequestHeader, setRequestHeader } from "./edit-request-header.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/**
 * Gateway API's RequestHeaderModifier and ResponseHeaderModifier
 * (https://gateway-api.sigs.k8s.io/reference/spec/#httpheaderfilter): sets, then adds, then removes.
 */
export const headerModifier: MiddlewareFactory<"headerModifier"> = {
  type: "headerModifier",
  build({ on, set = [], add = [], remove = [] }) {
    for (const { name, value } of [...set, ...add]) {
      checkHeader(name, value);
      if (on === "request" && name.toLowerCase() === "host") checkAuthority(value);
    }
    for (const name of remove) checkHeaderName(name);

    const editRequest = (exchange: Exchange): void => {
      for (const { name, value } of set) setRequestHeader(exchange, name, value);
      for (const { name, value } of add) appendRequestHeader(exchange, name, value);
      for (const name of remove) exchange.headers.delete(name);
    };
    const edit = (headers: Headers): void => {
      for (const { name, value } of set) headers.set(name, value);
      for (const { name, value } of add) headers.append(name, value);
      for (const name of remove) headers.delete(name);
    };

    if (on === "response") return (next) => async (exchange) => editResponse(await next(exchange), edit);
    return (next) => (exchange) => {
      editRequest(exchange);
      return next(exchange);
    };
  },
};
