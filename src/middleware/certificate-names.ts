import ipaddr from "ipaddr.js";

/** A value of DER (ITU-T X.690, section 8.1): its tag and its content. */
interface Value {
  tag: number;
  content: Uint8Array;
}

/** Throws `RangeError` for what ends too early. */
function readValues(bytes: Uint8Array): Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = byteAt(bytes, at);
    let length = byteAt(bytes, at + 1);
    at += 2;
    if (length > 0x80) {
      const end = at + (length & 0x7f);
      for (length = 0; at < end; at++) length = length * 256 + byteAt(bytes, at);
    }
    if (at + length > bytes.length) throw new RangeError("the value is cut");
    values.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return values;
}

function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) throw new RangeError("the value is cut");
  return byte;
}

const EXTENSIONS = 0xa3;
const OCTET_STRING = 0x04;
/** 2.5.29.17 */
const SUBJECT_ALT_NAME = "85,29,17";

/** Kinds of general names (RFC 5280, section 4.2.1.6), in the order in which they are told. */
const kinds: readonly [tag: number, write: (content: Uint8Array) => string][] = [
  [0x82, ascii],
  [0x81, ascii],
  [0x87, address],
  [0x86, ascii],
];

/**
 * The alternative names of a certificate's subject: host names, mail addresses, IP addresses, URIs.
 *
 * @param der the certificate
 * @returns none for what is not a certificate
 */
export function subjectAltNames(der: Uint8Array): string[] {
  try {
    const [certificate] = readValues(der);
    const [tbs] = readValues(certificate?.content ?? der);
    const field = readValues(tbs?.content ?? der).find(({ tag }) => tag === EXTENSIONS);
    const [list] = readValues(field?.content ?? new Uint8Array());
    for (const { content } of readValues(list?.content ?? new Uint8Array())) {
      const parts = readValues(content);
      const value = parts.find(({ tag }) => tag === OCTET_STRING);
      if (parts[0]?.content.join() !== SUBJECT_ALT_NAME || value === undefined) continue;
      const names = readValues(readValues(value.content)[0]?.content ?? new Uint8Array());
      return kinds.flatMap(([tag, write]) =>
        names.filter((name) => name.tag === tag).map((name) => write(name.content)),
      );
    }
    return [];
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

function ascii(content: Uint8Array): string {
  return String.fromCharCode(...content);
}

function address(content: Uint8Array): string {
  return content.length === 4 || content.length === 16 ? ipaddr.fromByteArray([...content]).toString() : "";
}
