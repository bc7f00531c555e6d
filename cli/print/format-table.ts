/** Rows in aligned columns, two spaces apart, each cell at most `maxWidth` characters; lines end without spaces. */
export function formatTable(rows: readonly (readonly string[])[], maxWidth = 72): string[] {
  const cells = rows.map((row) => row.map((cell) => shorten(cell, maxWidth)));
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function shorten(text: string, maxWidth: number): string {
  const oneLine = text.replace(/\s+/g, " ").trim();
  return oneLine.length <= maxWidth ? oneLine : `${oneLine.slice(0, maxWidth - 1)}…`;
}
