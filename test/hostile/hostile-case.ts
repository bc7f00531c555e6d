/**
 * Requests of the shapes by which two parsers are made to disagree about where one ends, about whom it is for, or about
 * what a header says. In `bytes` a line `{host}` stands for what a sound request has to say, and `-000` for the case's
 * own number.
 */
export interface HostileCase {
  name: string;
  bytes: string;
  /** What the origin may see of it: none of these, or a beginning of this list. Anything else is a smuggled request. */
  mayReach: readonly string[];
  /** Headers, in lower case, that the client may send the origin; with a `*` all that begin so. */
  passes?: readonly string[];
  /** It has no end: who reads it rightly waits for more of it. */
  isCut?: boolean;
  /** The Host that the origin sees, where it is another than in a sound request. */
  host?: string;
  isWebSocket?: boolean;
  /** An answer of the runtime's that is neither the origin's nor a refusal. */
  oddStatus?: number;
}

export const SMUGGLED = "GET /smuggled-000 HTTP/1.1\r\nHost: victim.example.com\r\n\r\n";
/** A body of one chunk, which a parser that reads by length sees as bytes. */
export const IN_A_CHUNK = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;
export const WEBSOCKET_KEY = "AAAAAAAAAAAAAAAAAAAAAA==";

/** A request whose bytes are all told. */
export const verbatim = (
  name: string,
  bytes: string,
  mayReach: readonly string[] = [],
  more: Partial<HostileCase> = {},
): HostileCase => ({ name, bytes, mayReach, ...more });
