/** Pseudo-headers come first (RFC 9113, section 8.3). */
export function withoutPseudo(lines: readonly string[]): string[] {
  let first = 0;
  while (lines[first]?.startsWith(":")) first += 2;
  return lines.slice(first);
}

/** Lines by lower-case name, for what takes no raw ones. */
export function recordOf(lines: readonly string[]): Record<string, string[]> {
  const record: Record<string, string[]> = Object.create(null);
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = (lines[i] ?? "").toLowerCase();
    record[name] ??= [];
    record[name].push(lines[i + 1] ?? "");
  }
  return record;
}
