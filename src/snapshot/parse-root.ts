import * as z from "zod/mini";
import { $ZodError } from "zod/v4/core";
import type { UnreadEntry } from "../table/close-unread.ts";
import { type Root, rootSchema } from "../table/snapshot.ts";
import { TABLE_VERSION } from "../table/table-version.ts";
import { HASH_LENGTH } from "./leaf-keys.ts";
import { readParts } from "./read-parts.ts";

export type ParsedRoot =
  | { ok: true; root: Root; unread: readonly UnreadEntry[] }
  | { ok: false; reason: "newer-version" | "malformed"; detail: string };

const versioned = z.object({ version: z.number() });

/**
 * Reads a root as KV holds it. The version is looked at before all else, since a newer format may differ in anything.
 * Entry points in which a newer agent says what is not known here are closed (`readParts`).
 */
export function parseRoot(text: string): ParsedRoot {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: "malformed", detail: String(error) };
  }
  const version = versioned.safeParse(value);
  if (version.success && version.data.version > TABLE_VERSION) {
    return {
      ok: false,
      reason: "newer-version",
      detail: `the root has version ${version.data.version}, this Worker reads up to ${TABLE_VERSION}`,
    };
  }
  try {
    const { data: root, unread } = readParts(rootSchema, value, ["entryPoints"]);
    const detail = findInconsistency(root);
    return detail === undefined ? { ok: true, root, unread } : { ok: false, reason: "malformed", detail };
  } catch (error) {
    const detail = error instanceof $ZodError ? z.prettifyError(error) : String(error);
    return { ok: false, reason: "malformed", detail };
  }
}

function findInconsistency({ routes, endpoints, split }: Root): string | undefined {
  if (!isPowerOfTwo(routes.length)) return "routes is not a power of two long";
  if (!isPowerOfTwo(endpoints.length)) return "endpoints is not a power of two long";
  if (![...routes, ...endpoints].every(isBucket)) return "a bucket is not made of whole hashes";
  for (const [host, { from, leaves }] of Object.entries(split)) {
    if (from.length !== leaves.length || from[0] !== "") return `the ranges of ${host} do not begin at the first path`;
    if (!leaves.every(isBucket)) return `a range of ${host} is not made of whole hashes`;
    if (from.some((path, index) => index > 0 && path <= (from[index - 1] ?? ""))) {
      return `the ranges of ${host} are out of order`;
    }
  }
  return undefined;
}

const isPowerOfTwo = (count: number): boolean => count > 0 && (count & (count - 1)) === 0;
const isBucket = (bucket: string): boolean => bucket.length % HASH_LENGTH === 0;
