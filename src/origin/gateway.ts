import { parseTarget, portOf } from "../edge/parse-target.ts";
import { editResponse } from "../exchange/edit-response.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { encodeHop } from "../hop/encode-hop.ts";
import { FAILURE_HEADER, HOP_HEADER, type HopFailure, POINTER_HEADER } from "../hop/hop.ts";
import { decodePointer } from "../hop/pointer-header.ts";
import type { TokenSigner } from "../hop/token.ts";
import type { Pointer } from "../table/snapshot.ts";
import { answerFailedFetch } from "./failed-fetch.ts";
import { fetchOrigin, type OriginFetch } from "./origin-fetch.ts";
import type { Send } from "./send.ts";

export interface GatewayOptions {
  /** The binding whose address is fixed: `env.ORIGIN`. */
  fetcher: { fetch: OriginFetch };
  signer: TokenSigner;
  /** What this isolate routes by. */
  pointer: () => Pointer | undefined;
  /** Is told what the gateway routes by, when that is something else. */
  onPointer: (pointer: Pointer) => void;
}

/** Sends exchanges through the origin gateway, which picks the Pod. */
export function createGatewaySend({ fetcher, signer, pointer, onPointer }: GatewayOptions): Send {
  const fetchGateway: OriginFetch = (input, init) => fetcher.fetch(input, init);
  return async (exchange, { service }) => {
    let response: Response;
    try {
      const signed = signer.sign(service);
      const token = typeof signed === "string" ? signed : await signed;
      const { authority } = parseTarget(exchange.request.url);
      keepOriginalHost(exchange, authority);
      const hop = encodeHop({
        token,
        service,
        scheme: exchange.scheme,
        port: portOf(authority, exchange.scheme),
        clientAddress: exchange.client.address,
        trusted: exchange.client.trusted,
        assigned: exchange.headers.assigned,
        mirror: exchange.mirror === true,
        generation: pointer()?.generation ?? 0,
        host: exchange.host,
      });
      // An edit of the exchange's headers: they are copied for it unless a middleware already did, never twice.
      exchange.headers.set(HOP_HEADER, hop);
      const url = `http://gateway.internal${exchange.path}${exchange.query}`;
      response = await fetchOrigin(fetchGateway, url, exchange, exchange.headers.current);
    } catch (error) {
      return answerFailedFetch(exchange, error);
    }
    return takeOffHopHeaders(exchange, response, onPointer);
  };
}

/** X-Forwarded-Host is the Host that the client asked for, also when a middleware asks the Pod for another. */
function keepOriginalHost(exchange: Exchange, authority: string): void {
  if (exchange.host === authority || exchange.headers.assigned.includes("x-forwarded-host")) return;
  if (exchange.client.trusted && exchange.headers.get("x-forwarded-host") !== null) return;
  exchange.headers.set("x-forwarded-host", authority);
}

function takeOffHopHeaders(exchange: Exchange, response: Response, onPointer: (pointer: Pointer) => void): Response {
  const failure = response.headers.get(FAILURE_HEADER);
  const newPointer = response.headers.get(POINTER_HEADER);
  exchange.failure = failure === null ? undefined : readFailure(failure);
  if (failure === null && newPointer === null) return response;
  const pointer = newPointer === null ? undefined : decodePointer(newPointer);
  if (pointer !== undefined) onPointer(pointer);
  return editResponse(response, (headers) => {
    headers.delete(FAILURE_HEADER);
    headers.delete(POINTER_HEADER);
  });
}

const failures: Readonly<Record<HopFailure, true>> = {
  unauthorized: true,
  "unknown-service": true,
  "no-endpoint": true,
  unreachable: true,
  broken: true,
  timeout: true,
};

/** A failure of a newer gateway is one that must not be sent elsewhere. */
const readFailure = (value: string): HopFailure => (Object.hasOwn(failures, value) ? (value as HopFailure) : "broken");
