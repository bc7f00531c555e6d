import ipaddr from "ipaddr.js";

/**
 * A test for client addresses, from an IP address or a CIDR block; undefined when `text` is neither. IPv4-mapped
 * IPv6 addresses and blocks count as IPv4.
 */
export function compileAddressBlock(text: string): ((address: string) => boolean) | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const width = address.kind() === "ipv4" ? 32 : 128;
  const bits =
    slash === -1 ? width : parsePrefixLength(text.slice(slash + 1), text.includes(":") && width === 32 ? 96 : 0);
  if (bits === undefined || bits > width) return undefined;
  return (client) => {
    const peer = parseClient(client);
    return peer !== undefined && peer.kind() === address.kind() && peer.match(address, bits);
  };
}

function parsePrefixLength(text: string, mappedBits: number): number | undefined {
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const bits = Number(text) - mappedBits;
  return bits < 0 ? undefined : bits;
}

/** Only the forms that Go's net.ParseIP takes: four decimal parts, or IPv6 without a zone. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const valid = text.includes(":") ? !text.includes("%") && ipaddr.IPv6.isValid(text) : isFourParts(text);
  return valid ? ipaddr.process(text) : undefined;
}

const isFourParts = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text);

let lastText = "";
let lastAddress: ipaddr.IPv4 | ipaddr.IPv6 | undefined;

/** One request is often tested against many blocks: its address is parsed once. */
function parseClient(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (text !== lastText) {
    lastText = text;
    lastAddress = parseAddress(text);
  }
  return lastAddress;
}
