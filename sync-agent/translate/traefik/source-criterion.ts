import { compileAddressBlock } from "../../../src/rule/client-address.ts";
import type { IpStrategy, SourceCriterion } from "../../../src/table/source-criterion.ts";

/** What cannot work in a `sourceCriterion`, in words. */
export function badSourceCriterion(criterion: SourceCriterion = {}): string | undefined {
  const { ipStrategy, requestHeaderName = "", requestHost = false } = criterion;
  if ([ipStrategy !== undefined, requestHeaderName !== "", requestHost].filter(Boolean).length > 1) {
    return "`sourceCriterion` names several sources; only one of `ipStrategy`, `requestHeaderName` and `requestHost` can be";
  }
  if (requestHeaderName !== "" && !/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(requestHeaderName)) {
    return `\`${requestHeaderName}\` is not a header name`;
  }
  return badIpStrategy(ipStrategy);
}

/** What cannot work in an `ipStrategy`, in words. */
export function badIpStrategy({ depth = 0, excludedIPs = [], ipv6Subnet = 0 }: IpStrategy = {}): string | undefined {
  if (!Number.isInteger(depth) || depth < 0) return `the depth ${depth} is not a whole number from 0`;
  if (!Number.isInteger(ipv6Subnet) || ipv6Subnet < 0 || ipv6Subnet > 128)
    return `${ipv6Subnet} is not a number of bits`;
  return badBlock(excludedIPs);
}

/** The first that is neither an address nor a block of them, in words. */
export function badBlock(blocks: readonly string[]): string | undefined {
  const bad = blocks.find((block) => compileAddressBlock(block) === undefined);
  return bad === undefined ? undefined : `\`${bad}\` is neither an IP address nor a CIDR block`;
}
