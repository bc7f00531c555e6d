/**
 * The text of a file in UTF-8 or UTF-16, with or without a byte order mark (YAML 1.2, section 5.2): PowerShell's `>` writes
 * UTF-16. Bytes that are no character become U+FFFD.
 *
 * @returns undefined for what is no text: it holds NUL characters
 */
export function decodeText(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
  return text.includes("\0") ? undefined : text;
}

/** The first character of YAML and JSON is a mark or in ASCII. */
function encodingOf([first, second]: Uint8Array): string {
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return "utf-16be";
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return "utf-16le";
  return "utf-8";
}
