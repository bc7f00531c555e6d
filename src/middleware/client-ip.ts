import ipaddr from "ipaddr.js";
import type { Exchange } from "../exchange/exchange.ts";
import { compileAddressBlock } from "../rule/client-address.ts";
import type { IpStrategy } from "../table/source-criterion.ts";
import { invalid } from "./middleware-error.ts";
import { proxyHeader } from "./proxy-header.ts";

/** A test whether an address lies in one of these blocks. Throws `MiddlewareError` for what is neither address nor block. */
export function compileAddressBlocks(blocks: readonly string[]): (address: string) => boolean {
  const tests = blocks.map((block) => {
    const test = compileAddressBlock(block);
    if (test === undefined) throw invalid(`${JSON.stringify(block)} is neither an IP address nor a CIDR block`);
    return test;
  });
  return (address) => tests.some((test) => test(address));
}

/**
 * Traefik's ipStrategy
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ipallowlist/#ipstrategydepth):
 * which address a client counts under. X-Forwarded-For counts only where an entry point trusts who sent it; then it
 * holds what that proxy was told and saw, the nearest last.
 *
 * @returns a function of an exchange that gives an address, or an empty text where the strategy finds none
 */
export function compileClientIp(strategy: IpStrategy = {}): (exchange: Exchange) => string {
  const { depth = 0, excludedIPs = [], ipv6Subnet = 0 } = strategy;
  if (!Number.isInteger(depth) || depth < 0) throw invalid(`${depth} is not a depth`);
  if (!Number.isInteger(ipv6Subnet) || ipv6Subnet < 0 || ipv6Subnet > 128)
    throw invalid(`${ipv6Subnet} is not a prefix`);
  const isExcluded = compileAddressBlocks(excludedIPs);
  const widen = (address: string): string => (ipv6Subnet === 0 ? address : networkOf(address, ipv6Subnet));
  if (depth > 0) return (exchange) => widen(forwardedFor(exchange).at(-depth) ?? "");
  if (excludedIPs.length === 0) return ({ client }) => widen(client.address);
  return (exchange) =>
    widen(forwardedFor(exchange).findLast((address) => address !== "" && !isExcluded(address)) ?? "");
}

const forwardedFor = (exchange: Exchange): string[] => {
  const list = proxyHeader(exchange, "x-forwarded-for");
  return list === null ? [] : list.split(",").map(withoutPort);
};

/** Some proxies name the client's port as well. */
function withoutPort(text: string): string {
  const address = text.trim();
  const [, bracketed] = /^\[(.*)\](?::\d+)?$/.exec(address) ?? [];
  return bracketed ?? address.replace(/^([^:]+):\d+$/, "$1");
}

/** An IPv6 address with all but its first bits cleared; anything else as it is. */
function networkOf(address: string, bits: number): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === "ipv4" ? address : ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${bits}`).toString();
}
