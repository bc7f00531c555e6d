/** Where a document's text begins and ends in its file. */
export interface Slice {
  from: number;
  to: number;
}

/** Directives, ends of documents (`...`), a marker with something behind it, a byte order mark. */
const UNUSUAL = /^(?:%|\.\.\.|---[ \t]*[^\s-]|\ufeff)/m;
const MARKER = /^---[ \t]*\r?$/gm;

/**
 * The documents of a YAML file, apart at its `---` lines, which end whatever stands before them (YAML 1.2.2, section
 * 9.1.2). Undefined for files with more to their structure than that, which are one piece.
 */
export function splitDocuments(text: string): Slice[] | undefined {
  if (UNUSUAL.test(text)) return undefined;
  const slices: Slice[] = [];
  let from = 0;
  for (const marker of text.matchAll(MARKER)) {
    slices.push({ from, to: marker.index });
    from = marker.index + marker[0].length;
  }
  slices.push({ from, to: text.length });
  return slices;
}
