/** A value of DER (ITU-T X.690): what kind it is, where its content is, and all of it. */
interface DerValue {
  tag: number;
  content: Buffer;
  whole: Buffer;
}

const NOTHING = Buffer.alloc(0);
const BOOLEAN = 0x01;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
/** The extensions of a certificate (RFC 5280, section 4.1). */
const EXTENSIONS = 0xa3;
/** 2.5.29.15 (RFC 5280, section 4.2.1.3). */
const KEY_USAGE = Buffer.from([0x55, 0x1d, 0x0f]);
/** 2.5.29.19 (RFC 5280, section 4.2.1.9). */
const BASIC_CONSTRAINTS = Buffer.from([0x55, 0x1d, 0x13]);

/**
 * The values that stand one after the other.
 *
 * @throws Error for what is no DER
 */
export function* derValues(bytes: Buffer): Generator<DerValue, void> {
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1];
    if (first === undefined) throw new Error("the DER ends too soon");
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    // Those of more than one byte are in nothing that is read here; 0x80 is BER's open end.
    if ((tag & 0x1f) === 0x1f || first === 0x80 || lengthBytes > 4) throw new Error("this is no DER");
    const begin = at + 2 + lengthBytes;
    if (begin > bytes.length) throw new Error("the DER ends too soon");
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    if (length > bytes.length - begin) throw new Error("the DER ends too soon");
    yield { tag, content: bytes.subarray(begin, begin + length), whole: bytes.subarray(at, begin + length) };
    at = begin + length;
  }
}

/**
 * Whether a certificate is made to sign certificates, or lists of revoked ones, by what any of its extensions says. Node
 * says it of those only of which all say so.
 */
export function mayVouch(certificate: Buffer): boolean {
  const [outer] = derValues(certificate);
  const [body] = derValues(outer?.content ?? NOTHING);
  for (const { tag, content } of derValues(body?.content ?? NOTHING)) {
    if (tag !== EXTENSIONS) continue;
    const [list] = derValues(content);
    for (const extension of derValues(list?.content ?? NOTHING)) {
      if (isToVouch([...derValues(extension.content)])) return true;
    }
  }
  return false;
}

const KEY_CERT_SIGN = 0b0000_0100;
const CRL_SIGN = 0b0000_0010;

/** @param parts an extension's name, whether it is critical, and its value */
function isToVouch(parts: readonly DerValue[]): boolean {
  const [name] = parts;
  const value = parts.find(({ tag }) => tag === OCTET_STRING)?.content ?? NOTHING;
  if (name?.tag !== OBJECT_IDENTIFIER) return false;
  if (name.content.equals(KEY_USAGE)) {
    const [bits] = derValues(value);
    // The first byte says how many bits at the end are no part of it; the first usage is the highest bit of the next.
    const usages = bits?.tag === BIT_STRING ? (bits.content[1] ?? 0) : 0;
    return (usages & (KEY_CERT_SIGN | CRL_SIGN)) !== 0;
  }
  if (!name.content.equals(BASIC_CONSTRAINTS)) return false;
  const [constraints] = derValues(value);
  const [isCa] = derValues(constraints?.content ?? NOTHING);
  return isCa?.tag === BOOLEAN && isCa.content[0] !== 0;
}
