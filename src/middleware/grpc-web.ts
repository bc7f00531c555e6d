import { editResponse } from "../exchange/edit-response.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { checkHeader } from "./check-header.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/** How long browsers remember a preflight, in seconds (Traefik's). */
const MAX_AGE = "600";
const GRPC_WEB = /^application\/grpc-web/i;
const PREFLIGHT_VARIES = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/**
 * Traefik's grpcWeb (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/grpcweb/): which pages
 * may call. gRPC-Web becomes gRPC at the origin gateway, with this middleware or without. Unlike in Traefik, `*` lets no
 * page use its visitors' cookies: only an origin that is named may.
 */
export const grpcWeb: MiddlewareFactory<"grpcWeb"> = {
  type: "grpcWeb",
  build({ allowOrigins }) {
    for (const origin of allowOrigins) checkHeader("Access-Control-Allow-Origin", origin);
    const named = new Set(allowOrigins);
    const allow = (headers: Headers, origin: string): boolean => {
      const isNamed = named.has(origin) && origin !== "*";
      if (!isNamed && !named.has("*")) return false;
      headers.set("Access-Control-Allow-Origin", isNamed ? origin : "*");
      if (isNamed) headers.set("Access-Control-Allow-Credentials", "true");
      return true;
    };

    return (next) => async (exchange) => {
      const origin = exchange.headers.get("origin");
      if (isPreflight(exchange))
        return answerPreflight(exchange, (headers) => origin !== null && allow(headers, origin));
      if (origin === null || !isCall(exchange)) return next(exchange);
      return editResponse(await next(exchange), (headers) => {
        const names = [...headers.keys()].filter((name) => name !== "set-cookie");
        headers.append("Vary", "Origin");
        if (allow(headers, origin)) headers.set("Access-Control-Expose-Headers", names.join(", "));
      });
    };
  },
};

const isCall = ({ request, headers }: Exchange): boolean =>
  request.method === "POST" && GRPC_WEB.test(headers.get("content-type") ?? "");

const isPreflight = ({ request, headers }: Exchange): boolean =>
  request.method === "OPTIONS" && /x-grpc-web/i.test(headers.get("access-control-request-headers") ?? "");

function answerPreflight({ headers }: Exchange, allow: (answer: Headers) => boolean): Response {
  const answer = new Headers({ Vary: PREFLIGHT_VARIES });
  if (headers.get("access-control-request-method") === "POST" && allow(answer)) {
    answer.set("Access-Control-Allow-Methods", "POST");
    answer.set("Access-Control-Allow-Headers", headers.get("access-control-request-headers") ?? "");
    answer.set("Access-Control-Max-Age", MAX_AGE);
  }
  return new Response(null, { status: 204, headers: answer });
}
