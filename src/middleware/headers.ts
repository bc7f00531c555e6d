import { editResponse } from "../exchange/edit-response.ts";
import { checkAuthority } from "./authority.ts";
import { checkHeader } from "./check-header.ts";
import { compileCors } from "./cors.ts";
import { setRequestHeader } from "./edit-request-header.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { compileSecurityHeaders } from "./security-headers.ts";
import { compileTls } from "./tls.ts";
import { compileTransportGuard } from "./transport-guard.ts";

/**
 * Traefik's headers (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/headers/):
 * CORS, custom headers, and what guards browsers. In Traefik's order: a preflight is answered first, custom request
 * headers are seen by the guard, and on the way back a later one of security, custom and CORS headers wins.
 */
export const headers: MiddlewareFactory<"headers"> = {
  type: "headers",
  build(options) {
    const cors = compileCors(options);
    const isTls = compileTls(options);
    const guard = compileTransportGuard(options, isTls);
    const secure = compileSecurityHeaders(options);
    const requestHeaders = customHeaders(options.customRequestHeaders);
    const responseHeaders = customHeaders(options.customResponseHeaders);
    for (const [name, value] of requestHeaders) if (name === "host" && value !== "") checkAuthority(value);
    const editsAnyResponse = cors !== undefined || responseHeaders.length > 0;

    return (next) => async (exchange) => {
      const preflight = cors?.preflight(exchange);
      if (preflight !== undefined) return preflight;
      for (const [name, value] of requestHeaders) {
        if (value === "") exchange.headers.delete(name);
        else setRequestHeader(exchange, name, value);
      }
      const origin = cors === undefined ? null : exchange.headers.get("origin");
      const overTls = secure !== undefined && isTls(exchange);
      const refusal = guard?.(exchange);
      const response = refusal ?? (await next(exchange));
      const secures = secure !== undefined && refusal === undefined;
      if (!editsAnyResponse && !secures) return response;
      return editResponse(response, (edited) => {
        if (secures) secure(edited, overTls);
        for (const [name, value] of responseHeaders) {
          if (value === "") edited.delete(name);
          else edited.set(name, value);
        }
        cors?.respond(edited, origin);
      });
    };
  },
};

function customHeaders(custom: Readonly<Record<string, string>> = {}): [lowerName: string, value: string][] {
  const entries = Object.entries(custom);
  for (const [name, value] of entries) checkHeader(name, value);
  return entries.map(([name, value]) => [name.toLowerCase(), value]);
}
