import { type Document, parseAllDocuments } from "yaml";
import { z } from "zod";
import { clipProblem } from "../translate/clip-problem.ts";
import type { Problem } from "../translate/problem.ts";
import type { ProblemCode } from "../translate/problem-codes.ts";
import { type Report, readFields } from "../translate/read-object.ts";
import { groupOf, isNamespaced, isRoutingKind, kindOf, nearestKind, versionsOf } from "./known-kinds.ts";
import type { KubernetesObject, ObjectMeta, ObjectRef } from "./kubernetes-object.ts";
import { findLineStarts, type Location, lineOf, locateNode, type Place } from "./locate.ts";
import { readPlainYaml } from "./read-plain-yaml.ts";
import { fromYaml, type SourceNode, toValue } from "./source-node.ts";
import { type Slice, splitDocuments } from "./split-documents.ts";

/** A problem with its place in a file. */
export interface LocatedProblem extends Problem {
  location: Location;
}

export interface ParsedFile {
  objects: { object: KubernetesObject; place: Place }[];
  problems: LocatedProblem[];
  /** Whether a document could not be read: the file holds less than its author meant. */
  broken: boolean;
}

/** Without characters that lines are not made of, such as tabs, carriage returns and other controls. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
const IS_PLAIN = /^[^\t\r\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]*$/;

/** Enough for any hand-written file; an alias bomb needs more. */
const MAX_ALIASES = 1000;

/**
 * Reads the Kubernetes objects of a YAML or JSON text: many documents, `List` kinds expanded, objects without a
 * namespace in `default`. Kinds that route no traffic are passed over. What cannot be read costs only its document.
 */
export function parseManifests(file: string, text: string): ParsedFile {
  const reader = new ManifestReader(file, text);
  reader.read();
  return reader.result;
}

// Ends with a letter or digit, as the API server demands; a NUL or a slash in a name could forge another's key.
const name = z
  .string()
  .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?$/, "is not a name that Kubernetes allows");
const metadataSchema = z.looseObject({
  name: name.optional(),
  namespace: name.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  creationTimestamp: z.string().optional(),
});

class ManifestReader {
  readonly result: ParsedFile = { objects: [], problems: [], broken: false };
  private readonly file: string;
  private readonly text: string;
  private readonly lineStarts: readonly number[];
  private count = 0;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.lineStarts = findLineStarts(text);
  }

  read(): void {
    const isPlain = IS_PLAIN.test(this.text);
    for (const slice of splitDocuments(this.text) ?? [{ from: 0, to: this.text.length }]) {
      const node = isPlain ? readPlainYaml(this.text, slice.from, slice.to) : undefined;
      if (node === undefined) this.readSlice(slice);
      else
        this.readValue(
          toValue(node),
          this.placeOf(() => node),
        );
    }
  }

  /** With a whole YAML parser. A piece may hold many documents, or none. */
  private readSlice({ from, to }: Slice): void {
    let documents: Document[];
    try {
      const parsed = parseAllDocuments(this.text.slice(from, to), { merge: true, logLevel: "silent" });
      documents = "empty" in parsed ? [] : parsed;
    } catch (error) {
      this.syntaxProblem(from, error instanceof RangeError ? "It is nested too deeply" : messageOf(error));
      return;
    }
    for (const document of documents) this.readDocument(document, from);
  }

  private readDocument(document: Document, base: number): void {
    const error = document.errors[0];
    if (error !== undefined) {
      this.syntaxProblem(base + error.pos[0], messageOf(error));
      return;
    }
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
      // An anchor may hold an alias to itself: a value without an end is no object.
      if (this.text.includes("*")) JSON.stringify(value);
    } catch (thrown) {
      const message =
        thrown instanceof ReferenceError ? messageOf(thrown) : "It refers to itself or is nested too deeply";
      this.syntaxProblem(base + (document.range?.[0] ?? 0), message);
      return;
    }
    if (value === null || value === undefined) return;
    let root: SourceNode | undefined;
    const place = this.placeOf(() => {
      root ??= document.contents === null ? undefined : fromYaml(document.contents, base);
      return root;
    });
    this.readValue(value, place);
  }

  private placeOf(root: Place["root"]): Place {
    return { file: this.file, text: this.text, lineStarts: this.lineStarts, root, prefix: [] };
  }

  private readValue(value: unknown, place: Place): void {
    this.count += 1;
    const { apiVersion, kind, items } = isRecord(value) ? value : {};
    if (!isRecord(value) || typeof apiVersion !== "string" || typeof kind !== "string") {
      const foreign = isRecord(value) && apiVersion === undefined && kind === undefined;
      this.report("not-an-object", foreign ? "notice" : "warning", fileRef(this.file), locateNode(place, []), {
        message: "This document is not a Kubernetes object",
        hint: "An object has `apiVersion` and `kind`, both strings",
      });
    } else if (kind.endsWith("List") && Array.isArray(items)) {
      for (const [index, item] of items.entries()) {
        this.readValue(item, { ...place, prefix: [...place.prefix, "items", index] });
      }
    } else this.readObject({ ...value, apiVersion, kind }, place);
  }

  private readObject(value: Record<string, unknown> & { apiVersion: string; kind: string }, place: Place): void {
    const { apiVersion, kind } = value;
    if (kindOf(value) === undefined) {
      if (isRoutingKind(value) || nearestKind(value) !== undefined) this.reportKind(value, place);
      return;
    }
    const raw = isRecord(value.metadata) ? value.metadata : {};
    const ref: ObjectRef = { apiVersion, kind, namespace: String(raw.namespace ?? ""), name: String(raw.name ?? "") };
    const report: Report = (problem) => {
      this.result.problems.push(clipProblem({ ...problem, object: ref, location: locateNode(place, problem.path) }));
    };
    const metadata = readFields(metadataSchema, value.metadata ?? {}, ["metadata"], report);
    if (metadata === undefined) return;
    if (metadata.name === undefined) {
      metadata.name = this.makeName();
      report({
        code: "missing-name",
        severity: "warning",
        path: [],
        message: `This ${kind} has no name; it is read as \`${metadata.name}\``,
        hint: "An API server refuses it: set `metadata.name`",
      });
    }
    if (isNamespaced(kind)) metadata.namespace ??= "default";
    else delete metadata.namespace;
    const object: KubernetesObject = { ...value, apiVersion, kind, metadata: metadata as ObjectMeta };
    this.result.objects.push({ object, place });
  }

  private reportKind(
    { apiVersion, kind, metadata }: { apiVersion: string; kind: string; metadata?: unknown },
    place: Place,
  ): void {
    const versions = versionsOf(groupOf(apiVersion), kind);
    const message =
      versions.length > 0
        ? `${kind} is not read in version \`${apiVersion}\``
        : `${kind} of \`${apiVersion}\` is not read`;
    const ref = { apiVersion, kind, ...namesOf(metadata) };
    const meant = nearestKind({ apiVersion, kind });
    const hint =
      versions.length > 0
        ? { hint: `It is read as ${versions.map((v) => `\`${v}\``).join(" or ")}` }
        : meant !== undefined && { hint: `Did you mean \`${meant}\`?` };
    this.report("unsupported-kind", "warning", ref, locateNode(place, ["kind"]), { message, ...hint });
  }

  private makeName(): string {
    const base = this.file.replace(/\.[^.]*$/, "").toLowerCase();
    return `unnamed-${base.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "")}-${this.count}`.slice(-253);
  }

  private syntaxProblem(found: number, message: string): void {
    this.result.broken = true;
    // What is missing is missed where the document ends: shown is the last character that is there.
    const isAtEnd = /^[^\S\n]*(---|\n|$)/.test(this.text.slice(found, found + 200));
    const offset = isAtEnd ? Math.max(0, this.text.slice(0, found).trimEnd().length - 1) : found;
    const line = lineOf(this.lineStarts, offset);
    const from = this.lineStarts[line - 1] ?? 0;
    const newline = this.text.indexOf("\n", from);
    const text = this.text.slice(from, newline === -1 ? undefined : newline);
    const location = { file: this.file, line, column: offset - from + 1, text };
    this.report("yaml-syntax", "error", fileRef(this.file), location, { message });
  }

  private report(
    code: ProblemCode,
    severity: Problem["severity"],
    object: ObjectRef,
    location: Location,
    text: { message: string; hint?: string },
  ): void {
    this.result.problems.push(clipProblem({ code, severity, object, path: [], location, ...text }));
  }
}

function namesOf(metadata: unknown): { namespace: string; name: string } {
  const { namespace, name } = isRecord(metadata) ? metadata : {};
  return { namespace: String(namespace ?? "default"), name: String(name ?? "") };
}

/** Stands for the object in problems of a file as a whole. */
export const fileRef = (file: string): ObjectRef => ({ apiVersion: "", kind: "File", namespace: "", name: file });

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The first line of an error, without the place that yaml adds to it. */
const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .split("\n", 1)[0]
    ?.replace(/ at line \d+, column \d+:?$/, "") ?? "";
