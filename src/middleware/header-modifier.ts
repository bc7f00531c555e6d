import { editResponse } from "../exchange/edit-response.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { checkHeaderText } from "./check-header-text.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { setRequestHeader } from "./set-request-header.ts";

/** What request and response headers have in common. */
interface HeaderEdits {
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
}

/** Gateway API's RequestHeaderModifier and ResponseHeaderModifier. */
export const headerModifier: MiddlewareFactory<"headerModifier"> = {
  type: "headerModifier",
  build(options) {
    const edit = compileEdits(options);
    if (options.on === "response") return (next) => async (exchange) => editResponse(await next(exchange), edit);
    return (next) => (exchange) => {
      edit({
        set: (name, value) => setRequestHeader(exchange, name, value),
        append: (name, value) => exchange.headers.append(name, value),
        delete: (name) => exchange.headers.delete(name),
      });
      return next(exchange);
    };
  },
};

function compileEdits({ set = [], add = [], remove = [] }: MiddlewareOptions<"headerModifier">) {
  for (const { name, value } of [...set, ...add]) checkHeaderText(name, value);
  return (headers: HeaderEdits): void => {
    for (const { name, value } of set) headers.set(name, value);
    for (const { name, value } of add) headers.append(name, value);
    for (const name of remove) headers.delete(name);
  };
}
