import { editResponse } from "../exchange/edit-response.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { checkHeaderText } from "./check-header-text.ts";
import { compileCors } from "./cors.ts";
import { isTls } from "./is-tls.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { compileSecurityHeaders } from "./security-headers.ts";
import { setRequestHeader } from "./set-request-header.ts";
import { compileTransportGuard } from "./transport-guard.ts";

/**
 * Traefik's headers: custom request and response headers (an empty value deletes), CORS, and the headers that tell
 * browsers to be careful.
 */
export const headers: MiddlewareFactory<"headers"> = {
  type: "headers",
  build(options) {
    const guard = compileTransportGuard(options);
    const cors = compileCors(options);
    const securityHeaders = compileSecurityHeaders(options);
    const requestHeaders = customHeaders(options, "customRequestHeaders");
    const responseHeaders = customHeaders(options, "customResponseHeaders");
    const editsResponse = cors !== undefined || securityHeaders !== undefined || responseHeaders.length > 0;

    return (next) => async (exchange) => {
      const refusal = guard?.(exchange) ?? cors?.preflight(exchange);
      if (refusal !== undefined) return refusal;
      const origin = exchange.headers.get("Origin");
      const overTls = securityHeaders !== undefined && isTls(exchange, options.sslProxyHeaders);
      for (const [name, value] of requestHeaders) {
        if (value === "") exchange.headers.delete(name);
        else setRequestHeader(exchange, name, value);
      }
      const response = await next(exchange);
      if (!editsResponse) return response;
      return editResponse(response, (edited) => {
        securityHeaders?.(edited, overTls);
        cors?.respond(edited, origin);
        for (const [name, value] of responseHeaders) {
          if (value === "") edited.delete(name);
          else edited.set(name, value);
        }
      });
    };
  },
};

function customHeaders(
  options: MiddlewareOptions<"headers">,
  field: "customRequestHeaders" | "customResponseHeaders",
): [name: string, value: string][] {
  const entries = Object.entries(options[field] ?? {});
  for (const [name, value] of entries) checkHeaderText(name, value);
  return entries;
}
