/**
 * The value of the first cookie of a name in a Cookie header (RFC 6265, section 5.4), without the quotes that some
 * clients put around it. Looks for the one name and splits nothing else.
 */
export function readCookie(header: string | null, name: string): string | undefined {
  if (header === null) return undefined;
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
    if (!startsCookie(header, at) || header[at + name.length] !== "=") continue;
    const start = at + name.length + 1;
    const semicolon = header.indexOf(";", start);
    const value = header.slice(start, semicolon === -1 ? undefined : semicolon).trim();
    const quoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
    return quoted ? value.slice(1, -1) : value;
  }
  return undefined;
}

/**
 * Whether a cookie begins at this place: at the start or behind `;`. A comma counts too, since a runtime joins
 * two Cookie lines by one (RFC 9110, section 5.3).
 */
function startsCookie(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (header[before] === " " || header[before] === "\t")) before--;
  return before < 0 || header[before] === ";" || header[before] === ",";
}
