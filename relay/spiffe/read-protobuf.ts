/** A field of a message whose value is bytes: text, or another message. */
export interface BytesField {
  number: number;
  value: Buffer;
}

/** How a value is encoded (https://protobuf.dev/programming-guides/encoding/). */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * The fields of a protobuf message whose values are bytes, in order; others are passed over.
 *
 * @returns views of `message`
 * @throws Error for what is no message
 */
export function* bytesFields(message: Buffer): Generator<BytesField, void> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let length = 0; length < 10; length++) {
      const byte = message[at++];
      if (byte === undefined) break;
      // What is longer than any message can be is caught by its size; only a number that is passed over may be.
      value += (byte & 0x7f) * 2 ** (7 * length);
      if (byte < 0x80) return value;
    }
    throw new Error("a number in the message does not end");
  };
  const take = (length: number): Buffer => {
    if (length > message.length - at) throw new Error("the message ends in the middle of a field");
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        varint();
        break;
      case FIXED64:
        take(8);
        break;
      case BYTES:
        yield { number, value: take(varint()) };
        break;
      case FIXED32:
        take(4);
        break;
      default:
        throw new Error("the message has a field of no known kind");
    }
  }
}
