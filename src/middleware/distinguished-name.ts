/** The attributes of a distinguished name (RFC 2253) by their types in upper case, each with its values in their order. */
export function readDistinguishedName(text: string): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, string[]>();
  const parts = text.match(/(?:\\.|[^\\,+])+/gs) ?? [];
  // What stands last is the root, which certificates have first.
  for (const part of parts.reverse()) {
    const equals = part.indexOf("=");
    if (equals === -1) continue;
    const type = part.slice(0, equals).trim().toUpperCase();
    const values = attributes.get(type);
    const value = withoutEscapes(part.slice(equals + 1));
    if (values === undefined) attributes.set(type, [value]);
    else values.push(value);
  }
  return attributes;
}

/** RFC 2253, section 2.4: `\,` is a comma, `\C3\A9` the bytes of a letter. */
function withoutEscapes(text: string): string {
  const bytes: number[] = [];
  for (const [, hex, escaped, plain] of text.matchAll(/\\([0-9A-Fa-f]{2})|\\(.)|([^\\])/gsu)) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else bytes.push(...new TextEncoder().encode(escaped ?? plain ?? ""));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes)).trim();
}
