/** Bytes of a body that tell its type. */
const SNIFFED_BYTES = 512;

const HTML =
  /^[\t\n\f\r ]*<(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|!--)[ >]/i;

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
/** How bodies of a type begin, one character for each byte, in the order in which they are tried. */
const beginnings: readonly (readonly [RegExp, string])[] = [
  [HTML, "text/html; charset=utf-8"],
  [/^[\t\n\f\r ]*<!--/, "text/html; charset=utf-8"],
  [/^[\t\n\f\r ]*<\?xml/, "text/xml; charset=utf-8"],
  [/^%PDF-/, "application/pdf"],
  [/^%!PS-Adobe-/, "application/postscript"],
  [/^\xfe\xff../s, "text/plain; charset=utf-16be"],
  [/^\xff\xfe../s, "text/plain; charset=utf-16le"],
  [/^\xef\xbb\xbf./s, "text/plain; charset=utf-8"],
  [/^\0\0[\x01\x02]\0/, "image/x-icon"],
  [/^BM/, "image/bmp"],
  [/^GIF8[79]a/, "image/gif"],
  [/^RIFF....WEBPVP/s, "image/webp"],
  [/^\x89PNG\r\n\x1a\n/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^FORM....AIFF/s, "audio/aiff"],
  [/^ID3/, "audio/mpeg"],
  [/^OggS\0/, "application/ogg"],
  [/^MThd\0\0\0\x06/, "audio/midi"],
  [/^RIFF....AVI /s, "video/avi"],
  [/^RIFF....WAVE/s, "audio/wave"],
  [/^....ftyp(?:mp4|.{8,}?mp4)/s, "video/mp4"],
  [/^\x1a\x45\xdf\xa3/, "video/webm"],
  [/^\0\x01\0\0/, "font/ttf"],
  [/^OTTO/, "font/otf"],
  [/^ttcf/, "font/collection"],
  [/^wOFF/, "font/woff"],
  [/^wOF2/, "font/woff2"],
  [/^\x1f\x8b\x08/, "application/x-gzip"],
  [/^PK\x03\x04/, "application/zip"],
  [/^Rar!\x1a\x07(?:\0|\x01\0)/, "application/x-rar-compressed"],
  [/^\0asm/, "application/wasm"],
];

/** Bytes that no text has (MIME Sniffing, section 3, "binary data byte"). */
const BINARY = /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.

/**
 * The type of a body by how it begins (https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type),
 * with the names that Go's server gives them.
 */
export function sniffContentType(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, SNIFFED_BYTES));
  const known = beginnings.find(([pattern]) => pattern.test(text));
  if (known !== undefined) return known[1];
  return BINARY.test(text) ? "application/octet-stream" : "text/plain; charset=utf-8";
}
