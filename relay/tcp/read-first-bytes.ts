import { type ClientHello, readClientHello } from "../tls/read-client-hello.ts";

/** What a client opens with, as far as routes depend on it. */
export type Opening =
  | { protocol: "tls"; hello: ClientHello }
  /** PostgreSQL asks before it speaks TLS (https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-SSL). */
  | { protocol: "postgres-tls" }
  /** ... or GSSAPI encryption, which nobody here has. */
  | { protocol: "postgres-gss" }
  | { protocol: "malformed"; reason: string }
  | { protocol: "plain" };

export const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const GSS_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30]);

/**
 * Tells what the first bytes are; undefined when more are needed.
 *
 * @returns `take`: bytes that are answered here and that nobody else may see
 */
export function readFirstBytes(bytes: Buffer): { value: Opening; take: number } | undefined {
  const read = readClientHello(bytes);
  switch (read.state) {
    case "more":
      return undefined;
    case "hello":
      return { value: { protocol: "tls", hello: read.hello }, take: 0 };
    case "malformed":
      return { value: { protocol: "malformed", reason: read.reason }, take: 0 };
    case "other":
      break;
  }
  if (startsWith(bytes, SSL_REQUEST)) return { value: { protocol: "postgres-tls" }, take: SSL_REQUEST.length };
  if (startsWith(bytes, GSS_REQUEST)) return { value: { protocol: "postgres-gss" }, take: GSS_REQUEST.length };
  const mayBecome =
    SSL_REQUEST.subarray(0, bytes.length).equals(bytes) || GSS_REQUEST.subarray(0, bytes.length).equals(bytes);
  return mayBecome ? undefined : { value: { protocol: "plain" }, take: 0 };
}

const startsWith = (bytes: Buffer, start: Buffer): boolean => bytes.subarray(0, start.length).equals(start);
