import ipaddr from "ipaddr.js";
import type { EntryPoint } from "../table/entry-point.ts";

/**
 * Where the client's address comes from. undefined (production): `CF-Connecting-IP`, which Cloudflare sets.
 * `loopback`: always 127.0.0.1, since local sockets do not tell. `cf`: `request.cf.clientIp`.
 */
export type ClientAddressSource = "loopback" | "cf" | undefined;

/** The client's IP address, from where this deployment can learn it. */
export function findClientAddress(request: Request, source: ClientAddressSource): string {
  switch (source) {
    case undefined:
      return request.headers.get("CF-Connecting-IP") ?? "";
    case "loopback":
      return "127.0.0.1";
    case "cf": {
      const address = (request as { cf?: { clientIp?: unknown } }).cf?.clientIp;
      return typeof address === "string" ? withoutPort(address) : "";
    }
  }
}

/** The client's country: two capital letters, empty where it is not known. Where there is no Cloudflare, a header says it. */
export function findCountry(request: Request, source: ClientAddressSource): string {
  if (source === "loopback") return request.headers.get("CF-IPCountry") ?? "";
  const country = (request as { cf?: { country?: unknown } }).cf?.country;
  return typeof country === "string" ? country : "";
}

/** `192.0.2.1:4000` and `[2001:db8::1]:4000` without their port. */
function withoutPort(address: string): string {
  const bracketed = /^\[(.*)\](?::\d+)?$/.exec(address)?.[1];
  if (bracketed !== undefined) return bracketed;
  const colon = address.indexOf(":");
  return colon === -1 || colon !== address.lastIndexOf(":") ? address : address.slice(0, colon);
}

type IsTrusted = (address: string) => boolean;
type Block = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Compiled once for each entry point of a root. */
const compiled = new WeakMap<EntryPoint, IsTrusted>();

/** Whether X-Forwarded-* sent by a client is believed: Traefik's `forwardedHeaders` of the entry point. */
export function isTrustedClient(address: string, entryPoint: EntryPoint): boolean {
  let isTrusted = compiled.get(entryPoint);
  if (isTrusted === undefined) {
    isTrusted = compileTrust(entryPoint);
    compiled.set(entryPoint, isTrusted);
  }
  return isTrusted(address);
}

function compileTrust({ forwardedHeaders }: EntryPoint): IsTrusted {
  if (forwardedHeaders?.insecure) return () => true;
  const blocks = (forwardedHeaders?.trustedIps ?? []).flatMap(parseBlock);
  if (blocks.length === 0) return () => false;
  return (address) => {
    if (!ipaddr.isValid(address)) return false;
    const peer = ipaddr.process(address);
    return blocks.some(([block, bits]) => block.kind() === peer.kind() && peer.match(block, bits));
  };
}

/** A CIDR block or a single address; the translator has already reported what is neither. */
function parseBlock(text: string): Block[] {
  if (ipaddr.isValidCIDR(text)) return [ipaddr.parseCIDR(text)];
  if (!ipaddr.isValid(text)) return [];
  const address = ipaddr.process(text);
  return [[address, address.kind() === "ipv4" ? 32 : 128]];
}
