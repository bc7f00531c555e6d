import type { Node, YAMLMap } from "yaml";

/** Something of a file that has no equivalent, or another one than its author may think. */
export interface ImportNote {
  severity: "error" | "warning" | "notice";
  /** As in the file: `entryPoints.http.auth`. */
  path: readonly (string | number)[];
  message: string;
  hint: string;
}

export type Note = (note: ImportNote, node: Node) => void;

/** Reads one form of Traefik's settings. */
export interface Importer {
  /** What the form is called. */
  readonly form: string;
  /** Whether a file has this form. */
  takes(root: Node): boolean;
  /** The same settings under the names of today's static configuration, each at its place in the file. */
  convert(root: Node, note: Note): YAMLMap;
}
