import ipaddr from "ipaddr.js";

/** The two ends of a connection, as a proxy in front saw them. */
export interface ProxiedConnection {
  source: Peer;
  destination: Peer;
}

export interface Peer {
  address: string;
  port: number;
}

/**
 * `more`: what is there may become a header. `none`: it is none. `local`: a header that tells nothing (a health check
 * of the proxy itself). `length`: bytes of the header, after which the client's begin.
 */
export type ReadProxyHeader =
  | { state: "more" }
  | { state: "none" }
  | { state: "malformed"; reason: string }
  | { state: "local"; length: number }
  | { state: "header"; length: number; connection: ProxiedConnection };

const SIGNATURE_V2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const SIGNATURE_V1 = Buffer.from("PROXY ", "latin1");
/** The longest line of version 1. */
const MAX_V1_BYTES = 107;
/** Version 2 allows 64 KiB of extensions; nobody sends so much. */
const MAX_V2_BYTES = 4096;
const HEADER_V2 = 16;

/**
 * Reads a header of the PROXY protocol, version 1 or 2, from the first bytes of a connection
 * (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt).
 */
export function readProxyHeader(bytes: Buffer): ReadProxyHeader {
  if (startsLike(bytes, SIGNATURE_V2)) {
    return bytes.length < HEADER_V2 ? { state: "more" } : readVersion2(bytes);
  }
  if (!startsLike(bytes, SIGNATURE_V1)) return { state: "none" };
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf("\r\n", 0, "latin1");
  if (end !== -1) return readVersion1(bytes.toString("latin1", 0, end));
  return bytes.length >= MAX_V1_BYTES ? malformed("a line without an end") : { state: "more" };
}

const malformed = (reason: string): ReadProxyHeader => ({ state: "malformed", reason });

const startsLike = (bytes: Buffer, signature: Buffer): boolean => {
  const length = Math.min(bytes.length, signature.length);
  return bytes.compare(signature, 0, length, 0, length) === 0;
};

function readVersion1(line: string): ReadProxyHeader {
  const length = line.length + 2;
  const [, protocol, ...fields] = line.split(" ");
  if (protocol === "UNKNOWN") return { state: "local", length };
  const [source = "", destination = "", sourcePort = "", destinationPort = ""] = fields;
  const family = protocol === "TCP4" ? ipaddr.IPv4 : protocol === "TCP6" ? ipaddr.IPv6 : undefined;
  if (family === undefined || fields.length !== 4) return malformed("a line that is not of version 1");
  const isAddress = (text: string): boolean =>
    family === ipaddr.IPv4 ? ipaddr.IPv4.isValidFourPartDecimal(text) : ipaddr.IPv6.isValid(text);
  if (!isAddress(source) || !isAddress(destination)) return malformed("an address of another family");
  const ports = [sourcePort, destinationPort].map((text) => (/^(0|[1-9]\d{0,4})$/.test(text) ? Number(text) : -1));
  const [from = -1, to = -1] = ports;
  if (from < 0 || to < 0 || from > 65_535 || to > 65_535) return malformed("a port out of range");
  const connection = { source: { address: source, port: from }, destination: { address: destination, port: to } };
  return { state: "header", length, connection };
}

function readVersion2(bytes: Buffer): ReadProxyHeader {
  const version = bytes.readUInt8(12);
  if (version >> 4 !== 2) return malformed(`version ${version >> 4}`);
  const length = HEADER_V2 + bytes.readUInt16BE(14);
  if (length > MAX_V2_BYTES) return malformed(`a header of ${length} bytes`);
  if (bytes.length < length) return { state: "more" };
  const command = version & 0xf;
  if (command === 0) return { state: "local", length };
  if (command !== 1) return malformed(`command ${command}`);
  const family = bytes.readUInt8(13) >> 4;
  const width = family === 1 ? 4 : family === 2 ? 16 : undefined;
  // Unix sockets and unknown families: the connection is taken for the proxy's own.
  if (width === undefined) return { state: "local", length };
  if (length < HEADER_V2 + 2 * width + 4) return malformed("addresses that do not fit in it");
  const at = (offset: number): string => ipaddr.fromByteArray([...bytes.subarray(offset, offset + width)]).toString();
  const ports = HEADER_V2 + 2 * width;
  const source = { address: at(HEADER_V2), port: bytes.readUInt16BE(ports) };
  const destination = { address: at(HEADER_V2 + width), port: bytes.readUInt16BE(ports + 2) };
  return { state: "header", length, connection: { source, destination } };
}

/** @returns the header that tells an endpoint who the client is */
export function writeProxyHeader(version: 1 | 2, { source, destination }: ProxiedConnection): Buffer {
  const [from, to] = sameFamily(ipaddr.process(source.address), ipaddr.process(destination.address));
  const isIpv4 = from.kind() === "ipv4";
  if (version === 1) {
    const fields = ["PROXY", isIpv4 ? "TCP4" : "TCP6", from, to, source.port, destination.port];
    return Buffer.from(`${fields.join(" ")}\r\n`, "latin1");
  }
  const addresses = [...from.toByteArray(), ...to.toByteArray()];
  const header = Buffer.alloc(HEADER_V2 + addresses.length + 4);
  SIGNATURE_V2.copy(header);
  header.writeUInt8(0x21, 12);
  header.writeUInt8(isIpv4 ? 0x11 : 0x21, 13);
  header.writeUInt16BE(addresses.length + 4, 14);
  header.set(addresses, HEADER_V2);
  header.writeUInt16BE(source.port, HEADER_V2 + addresses.length);
  header.writeUInt16BE(destination.port, HEADER_V2 + addresses.length + 2);
  return header;
}

/** @returns the header of a connection that is the proxy's own, such as a probe's */
export const writeLocalProxyHeader = (version: 1 | 2): Buffer =>
  version === 1 ? Buffer.from("PROXY UNKNOWN\r\n") : Buffer.concat([SIGNATURE_V2, Buffer.from([0x20, 0, 0, 0])]);

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A header has one family: where the two differ, the IPv4 one is written as IPv6. */
function sameFamily(a: Address, b: Address): [Address, Address] {
  if (a.kind() === b.kind()) return [a, b];
  const widen = (address: Address): Address =>
    address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : address;
  return [widen(a), widen(b)];
}
