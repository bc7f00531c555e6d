import { portOf } from "../edge/parse-target.ts";
import { type ForwardedClient, forwardedHeader } from "../hop/forwarded-headers.ts";
import type { Exchange, RequestHeaders } from "./exchange.ts";

type Told = Omit<ForwardedClient, "port" | "webSocket">;

/** What an exchange tells of its client. */
export const toldBy = ({ client, headers, scheme, authority }: Exchange): Told => ({
  trusted: client.trusted,
  assigned: headers.assigned,
  scheme,
  host: authority,
  clientAddress: client.address,
});

/** A client as X-Forwarded-* tell of it. */
export const forwardedClient = (told: Told, headers: Pick<RequestHeaders, "get">): ForwardedClient => ({
  ...told,
  port: portOf(told.host, told.scheme),
  webSocket: headers.get("upgrade")?.toLowerCase() === "websocket",
});

/** What rules see of X-Forwarded-* and X-Real-Ip (`forwardedHeader`): a client could say anything in them. */
export const forwardedFact = (lowerName: string, told: Told, headers: Pick<RequestHeaders, "get">): string | null =>
  forwardedHeader(lowerName, forwardedClient(told, headers), (name) => headers.get(name));
