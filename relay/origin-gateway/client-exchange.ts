import type { IncomingHttpHeaders } from "node:http";
import type { Duplex, Readable } from "node:stream";

/** One request and the way to answer it, whichever HTTP it came over. */
export interface ClientExchange {
  readonly method: string;
  /** The request's target as it was sent: a path and a query. */
  readonly target: string;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /** Name and value in turn, each line as it was sent. */
  readonly rawHeaders: readonly string[];
  readonly hasBody: boolean;
  /** The body as it came, to see how far it is. */
  readonly body: Readable;
  /**
   * The body, not begun before someone asks for its first chunk.
   *
   * @param onTaken called then: from now on it cannot be sent to another
   */
  readBody(onTaken: () => void): AsyncIterable<Buffer>;
  /** The trailer lines, name and value in turn, once the body has ended. */
  readonly trailers: readonly string[];
  /** What the client wants to change to, when its connection can. */
  readonly upgrade: string | undefined;
  /** Whether nothing can be answered any more: the client went away, or has the whole answer. */
  readonly isClosed: boolean;
  /** Whether the answer was sent whole. */
  readonly isAnswered: boolean;
  readonly hasBegun: boolean;
  /** Told once, when nothing can be answered any more. */
  onClose(listener: () => void): void;
  offClose(listener: () => void): void;
  /** Told each time that more can be written, after `write` said that it is enough. */
  onDrain(listener: () => void): void;
  /** Tells a client that waits for it (Expect: 100-continue) to send the body. */
  invite(): void;
  /** @param lines name and value in turn, without framing */
  begin(status: number, message: string, lines: string[]): void;
  /** @returns whether more can be written without holding it in memory */
  write(chunk: Buffer | string): boolean;
  /** @param trailers name and value in turn */
  end(trailers?: readonly string[]): void;
  /** Ends an answer that is not whole, so that nobody takes it for whole. */
  cut(): void;
  /** No further request is to come over this connection once this one is answered. */
  endConnection(): void;
  /** Answers 101 and joins the client's connection with the Pod's. */
  tunnel(pod: Duplex, lines: readonly string[]): void;
}
