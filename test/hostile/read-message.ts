export interface Head {
  /** The first line. */
  start: string;
  /** Names in lower case. */
  headers: [name: string, value: string][];
}

/** What a text begins with. All of it undefined: not even a whole head yet. */
interface ReadMessage {
  head?: Head;
  /** What follows the message, when it is complete. */
  rest?: string;
  /** Why this is no message. */
  fault?: string;
}

const START = { request: /^[A-Z][A-Z-]* [\x21-\x7e]+ HTTP\/1\.1$/, response: /^HTTP\/1\.[01] \d{3} ?[\x20-\x7e]*$/ };
const LINE = /^([!#$%&'*+.^`|~\w-]+):[ \t]*([\x20-\x7e\x80-\xff\t]*)$/;

/**
 * Reads one HTTP/1.1 message strictly (RFC 9112): lines end with CR LF, no folding, one framing, no chunk
 * extensions, no trailers.
 *
 * @param text bytes as latin1
 */
export function readMessage(text: string, kind: keyof typeof START): ReadMessage {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return {};
  const [start = "", ...lines] = text.slice(0, end).split("\r\n");
  if (!START[kind].test(start)) return { fault: "no start line" };
  const headers: Head["headers"] = [];
  for (const line of lines) {
    const [, name, value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return { fault: `no header line: ${JSON.stringify(line)}` };
    headers.push([name.toLowerCase(), value.trim()]);
  }
  const head = { start, headers };
  const after = text.slice(end + 4);
  const isBodiless = /^HTTP\/1\.1 (1\d\d|204|304)/.test(start);
  return isBodiless ? { head, rest: after } : { head, ...readBody(headers, after, kind) };
}

function readBody(headers: Head["headers"], text: string, kind: keyof typeof START): Omit<ReadMessage, "head"> {
  const valuesOf = (name: string) => headers.flatMap(([other, value]) => (other === name ? [value] : []));
  const lengths = valuesOf("content-length");
  const encodings = valuesOf("transfer-encoding");
  if (kind === "request" && valuesOf("host").length !== 1) return { fault: "not one Host" };
  if (lengths.length + encodings.length > 1) return { fault: "framed twice" };
  const [length] = lengths;
  if (length !== undefined) {
    if (!/^\d+$/.test(length)) return { fault: `no length: ${length}` };
    return text.length < Number(length) ? {} : { rest: text.slice(Number(length)) };
  }
  if (encodings.length === 0) return { rest: text };
  return encodings[0] === "chunked" ? readChunks(text) : { fault: `no encoding: ${encodings[0]}` };
}

function readChunks(text: string): Omit<ReadMessage, "head"> {
  for (let at = 0; ; ) {
    const end = text.indexOf("\r\n", at);
    if (end === -1) return {};
    const line = text.slice(at, end);
    if (!/^[0-9A-Fa-f]+$/.test(line)) return { fault: `no chunk: ${JSON.stringify(line)}` };
    const size = Number.parseInt(line, 16);
    const after = end + 2 + size;
    if (text.length < after + 2) return {};
    if (text.slice(after, after + 2) !== "\r\n") return { fault: "no end of a chunk" };
    at = after + 2;
    if (size === 0) return { rest: text.slice(at) };
  }
}
