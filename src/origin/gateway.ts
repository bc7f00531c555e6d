import { notePod } from "../access-log/note-pod.ts";
import { portOf } from "../edge/parse-target.ts";
import { editResponse } from "../exchange/edit-response.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { encodeHop } from "../hop/encode-hop.ts";
import { FAILURE_HEADER, HOP_HEADER, type HopFailure, POD_HEADER, POINTER_HEADER } from "../hop/hop.ts";
import { decodePointer } from "../hop/pointer-header.ts";
import type { TokenSigner } from "../hop/token.ts";
import type { Pointer } from "../table/snapshot.ts";
import { answerFailedFetch } from "./failed-fetch.ts";
import { fetchWithHeader, type OriginFetch } from "./origin-fetch.ts";
import type { Send } from "./send.ts";

export interface GatewayOptions {
  /** The binding whose address is fixed: `env.ORIGIN`. */
  fetcher: { fetch: OriginFetch };
  signer: TokenSigner;
  /** What this isolate routes by. */
  pointer: () => Pointer | undefined;
  /** Is told what the gateway routes by, when that is something else. */
  onPointer: (pointer: Pointer) => void;
  /** Is told that a Pod answered. */
  onAnswer?: () => void;
}

/** Sends exchanges through the origin gateway, which picks the Pod. */
export function createGatewaySend(options: GatewayOptions): Send {
  const { fetcher, signer, pointer } = options;
  const fetchGateway: OriginFetch = (input, init) => fetcher.fetch(input, init);
  return async (exchange, { service }) => {
    let response: Response;
    try {
      const signed = signer.sign(service);
      const token = typeof signed === "string" ? signed : await signed;
      keepOriginalHost(exchange);
      const hop = encodeHop({
        token,
        service,
        scheme: exchange.scheme,
        port: portOf(exchange.authority, exchange.scheme),
        clientAddress: exchange.client.address,
        trusted: exchange.client.trusted,
        assigned: exchange.headers.assigned,
        mirror: exchange.mirror === true,
        logged: exchange.access !== undefined,
        generation: pointer()?.generation ?? 0,
        guards: exchange.guards && { router: exchange.router, list: exchange.guards },
        host: exchange.host,
      });
      const url = `http://gateway.internal${exchange.path}${exchange.query}`;
      response = await fetchWithHeader(fetchGateway, url, exchange, HOP_HEADER, hop);
    } catch (error) {
      return answerFailedFetch(exchange, error);
    }
    return takeOffHopHeaders(exchange, response, options);
  };
}

/** X-Forwarded-Host is the Host that the client asked for, also when a middleware asks the Pod for another. */
function keepOriginalHost(exchange: Exchange): void {
  const { authority } = exchange;
  if (exchange.host === authority || exchange.headers.assigned.includes("x-forwarded-host")) return;
  if (exchange.client.trusted && exchange.headers.get("x-forwarded-host") !== null) return;
  exchange.headers.set("x-forwarded-host", authority);
}

function takeOffHopHeaders(
  exchange: Exchange,
  response: Response,
  { onPointer, onAnswer }: Pick<GatewayOptions, "onPointer" | "onAnswer">,
): Response {
  const { headers, status } = response;
  // The gateway's own answers are errors, and it lets none of these headers through from a Pod.
  const failure = status < 400 ? null : headers.get(FAILURE_HEADER);
  const newPointer = headers.get(POINTER_HEADER);
  exchange.failure = failure === null ? undefined : readFailure(failure);
  if (failure === null) onAnswer?.();
  const pod = exchange.access === undefined ? null : headers.get(POD_HEADER);
  if (exchange.access !== undefined && pod !== null) notePod(exchange.access, pod);
  if (failure === null && newPointer === null && pod === null) return response;
  const pointer = newPointer === null ? undefined : decodePointer(newPointer);
  if (pointer !== undefined) onPointer(pointer);
  return editResponse(response, (edited) => {
    edited.delete(FAILURE_HEADER);
    edited.delete(POINTER_HEADER);
    edited.delete(POD_HEADER);
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
