const NEWLINE = 0x0a;

/** Takes bytes as they come and gives the lines that are complete. */
export interface LineSplitter {
  /**
   * The lines that end in this chunk, decoded as UTF-8, without empty ones.
   *
   * @throws RangeError for a line longer than the limit
   */
  push(chunk: Uint8Array): string[];
  /** What came after the last line's end. */
  rest(): string;
}

/** Cuts at bytes and decodes whole lines, so that a character may be split over chunks. */
export function splitLines(maxLineBytes: number): LineSplitter {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const take = (last: Uint8Array): string => {
    const line = Buffer.concat([...pending, last]).toString("utf8");
    pending = [];
    pendingBytes = 0;
    return line;
  };
  const check = (bytes: number): void => {
    if (bytes > maxLineBytes) throw new RangeError(`A line is longer than ${maxLineBytes} bytes`);
  };
  return {
    push(chunk) {
      const lines: string[] = [];
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        check(pendingBytes + at - from);
        const line = take(chunk.subarray(from, at));
        if (line.trim() !== "") lines.push(line);
        from = at + 1;
      }
      if (from < chunk.length) {
        // A view would keep a buffer alive that the socket's reader may use again.
        pending.push(Uint8Array.from(chunk.subarray(from)));
        pendingBytes += chunk.length - from;
        check(pendingBytes);
      }
      return lines;
    },
    rest: () => take(new Uint8Array()),
  };
}
