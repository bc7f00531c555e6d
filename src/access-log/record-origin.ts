import type { Exchange } from "../exchange/exchange.ts";
import type { Destination, Send } from "../origin/send.ts";
import type { Endpoints } from "../table/service.ts";
import type { AccessRecord } from "./access-record.ts";

/** A last hop that notes whom it asked and what came back, in exchanges that are logged. */
export function recordOrigin(send: Send, now: () => number): Send {
  return (exchange, destination) => {
    const { access } = exchange;
    return access === undefined ? send(exchange, destination) : sendNoted(send, now, access, exchange, destination);
  };
}

async function sendNoted(
  send: Send,
  now: () => number,
  access: AccessRecord,
  exchange: Exchange,
  destination: Destination,
): Promise<Response> {
  const { service, options, endpoints } = destination;
  const begun = now();
  access.pod = undefined;
  const response = await send(exchange, destination);
  const { pod } = access;
  const hasFailed = exchange.failure !== undefined;
  access.origin = {
    service,
    scheme: options.scheme,
    address: pod ?? (hasFailed ? onlyAddress(endpoints) : undefined),
    durationMs: now() - begun,
    // Otherwise it is the gateway's own: a refusal, or for a Pod that gave none.
    response: pod !== undefined && !hasFailed ? { status: response.status, headers: response.headers } : undefined,
  };
  return response;
}

/** Which Pod answers is the gateway's choice; of one there is none. */
function onlyAddress({ endpoints }: Endpoints): string | undefined {
  const [only, ...others] = endpoints;
  if (only === undefined || others.length > 0) return undefined;
  return `${only.address.includes(":") ? `[${only.address}]` : only.address}:${only.port}`;
}
