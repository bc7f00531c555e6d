const SIMPLE_ESCAPES: Record<string, string> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

const ESCAPE = /\\(?:([abfnrtv\\"])|([0-7]{3})|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/y;

export type Unquoted = { value: string } | { badEscape: { offset: number; length: number } };

/**
 * The value of a Go string literal, its quotes included: raw in backticks, or interpreted in double quotes
 * (https://go.dev/ref/spec#String_literals). `\x` and octal escapes are bytes of UTF-8. The place of an escape that
 * Go does not have is given from the literal's first character.
 */
export function unquoteGoString(literal: string): Unquoted {
  const body = literal.slice(1, -1);
  if (literal.startsWith("`")) return { value: body.replaceAll("\r", "") };
  if (!body.includes("\\")) return { value: body };
  const pieces: (string | number)[] = [];
  for (let at = 0; at < body.length; ) {
    const backslash = body.indexOf("\\", at);
    if (backslash === -1) {
      pieces.push(body.slice(at));
      break;
    }
    pieces.push(body.slice(at, backslash));
    ESCAPE.lastIndex = backslash;
    const escaped = ESCAPE.exec(body);
    const piece = escaped === null ? undefined : readEscape(escaped);
    if (escaped === null || piece === undefined) {
      return {
        badEscape: { offset: backslash + 1, length: escaped?.[0].length ?? Math.min(2, body.length - backslash) },
      };
    }
    pieces.push(piece);
    at = backslash + escaped[0].length;
  }
  return { value: join(pieces) };
}

/** A character, or a byte as a number; undefined when the number is no byte or no character. */
function readEscape([, simple, octal, hex, short, long]: RegExpExecArray): string | number | undefined {
  if (simple !== undefined) return SIMPLE_ESCAPES[simple];
  if (octal !== undefined || hex !== undefined) {
    const byte = octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? "", 16);
    return byte > 0xff ? undefined : byte;
  }
  const code = Number.parseInt(short ?? long ?? "", 16);
  const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}

/** Bytes may make up a character only together with their neighbours. */
function join(pieces: readonly (string | number)[]): string {
  if (pieces.every((piece) => typeof piece === "string")) return pieces.join("");
  const encoder = new TextEncoder();
  const bytes = pieces.flatMap((piece) => (typeof piece === "number" ? [piece] : [...encoder.encode(piece)]));
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(Uint8Array.from(bytes));
}
