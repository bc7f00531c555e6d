import type { JWTPayload } from "jose";
import type { Exchange } from "../exchange/exchange.ts";
import { checkHeaderName } from "./check-header.ts";
import { dropHeader, setOwnHeader } from "./drop-header.ts";

type Required = Readonly<Record<string, readonly (string | number | boolean)[]>>;

/** A claim by its name, or by its path: `realm_access.roles`. */
function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  return name
    .split(".")
    .reduce<unknown>(
      (value, key) =>
        typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined,
      payload,
    );
}

/** Whether each claim has one of the values asked for; a list, or a `scope` (RFC 8693, section 4.2), has each of its own. */
export function hasClaims(payload: JWTPayload, required: Required): boolean {
  return Object.entries(required).every(([name, values]) => {
    const claim = claimOf(payload, name);
    const has: readonly unknown[] =
      name === "scope" && typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [claim];
    return values.some((value) => has.includes(value));
  });
}

/** Tells the service what a token says, in headers that nobody else can set. */
export function compileForwardClaims(forwardClaims: Readonly<Record<string, string>>) {
  const entries = Object.entries(forwardClaims);
  for (const [header] of entries) checkHeaderName(header);
  return (exchange: Exchange, payload: JWTPayload): void => {
    for (const [header, claim] of entries) {
      const value = claimOf(payload, claim);
      if (value === undefined || value === null) dropHeader(exchange, header);
      else setOwnHeader(exchange, header, toHeaderValue(value));
    }
  };
}

/** Lists with commas, objects as JSON; what is not plain ASCII is percent-encoded, line ends and `%` among it. */
function toHeaderValue(value: unknown): string {
  const isPlain = ["string", "number", "boolean"].includes(typeof value);
  const isList = Array.isArray(value) && value.every((one) => typeof one !== "object");
  const text = isPlain || isList ? String(value) : JSON.stringify(value);
  return text.toWellFormed().replace(/[^\x20-$&-~]/gu, encodeURIComponent);
}
