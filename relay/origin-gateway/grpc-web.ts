/** The forms of gRPC-Web: bytes as they are, or as base64 where a browser cannot read bytes. */
export type GrpcWebMode = "binary" | "text";

const CONTENT_TYPE = /^application\/grpc-web(-text)?(\+[\w.-]+)?\s*(?:;.*)?$/i;

/** Marks the frame that carries the trailers (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md). */
const TRAILER_FLAG = 0x80;

export interface GrpcWebType {
  mode: GrpcWebMode;
  /** The format of the messages: `+proto`, or nothing. */
  suffix: string;
}

/** What a content type says of gRPC-Web; undefined for any other. */
export function readGrpcWebType(contentType: string | undefined): GrpcWebType | undefined {
  if (contentType === undefined) return undefined;
  const [all, text, suffix = ""] = CONTENT_TYPE.exec(contentType) ?? [];
  return all === undefined ? undefined : { mode: text === undefined ? "binary" : "text", suffix };
}

/** The last frame of an answer: its trailers, in the form of HTTP/1.1 header lines with names in lower case. */
export function trailerFrame(trailers: readonly string[]): Buffer {
  let block = "";
  for (let i = 0; i + 1 < trailers.length; i += 2) block += `${trailers[i]?.toLowerCase()}: ${trailers[i + 1]}\r\n`;
  const bytes = Buffer.from(block, "latin1");
  const head = Buffer.alloc(5);
  head.writeUInt8(TRAILER_FLAG);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/**
 * The bytes of a body in base64, which may be several pieces with padding of their own.
 *
 * @throws {Error} for what is no base64
 */
export async function* decodeText(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let rest = "";
  for await (const chunk of body) {
    const text = rest + chunk.toString("latin1");
    const end = text.length - (text.length % 4);
    rest = text.slice(end);
    if (end > 0) yield decodePieces(text.slice(0, end));
  }
  if (rest !== "") throw new Error("the body ends in the middle of four base64 characters");
}

/** @param text whole groups of four characters */
function decodePieces(text: string): Buffer {
  // Padding ends a piece, and the decoder at its first one.
  const pieces = text.split(/(?<==)(?=[^=])/);
  if (!pieces.every((piece) => piece.length % 4 === 0 && BASE64.test(piece))) throw new Error("the body is no base64");
  return pieces.length === 1
    ? Buffer.from(text, "base64")
    : Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
