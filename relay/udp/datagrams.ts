/** Where a datagram came from, or goes to. */
export interface DatagramPeer {
  readonly address: string;
  readonly port: number;
}

/** The longest that UDP has room for, and some more (RFC 768: a length of 16 bits, with the header). */
export const MAX_DATAGRAM_BYTES = 64 * 1024;

/** Bytes that may wait in a socket for the system to take them. */
export const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** The datagrams of a socket that is connected. */
export interface ConnectedDatagrams {
  /** @returns false when it is dropped, since the system does not take it or too much waits already */
  send(datagram: Buffer): boolean;
  /** Closes the socket, when nothing waits any more. */
  close(): void;
}
