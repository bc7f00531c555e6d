import { type ApiClient, ApiError } from "./api-client.ts";

export interface ListOptions {
  path: string;
  query: Record<string, string>;
  pageSize: number;
  timeoutMs: number;
  signal: AbortSignal;
  onItem: (item: unknown) => void;
  onPage: () => void;
}

/**
 * Reads a list page by page, from resourceVersion "": what the server holds now, read with a quorum. From "0" it could be
 * older than what has been seen already, and older servers then send everything in one answer.
 *
 * @returns the resourceVersion from which a watch goes on: all pages show the moment of the first
 * @throws ApiError `gone` when the token of the next page is too old
 */
export async function listPages(client: ApiClient, options: ListOptions): Promise<string> {
  const { path, query, pageSize, timeoutMs, signal, onItem, onPage } = options;
  let first: string | undefined;
  const seen = new Set<string>();
  for (let token = ""; ; ) {
    const page = { ...query, limit: String(pageSize), ...(token === "" ? {} : { continue: token }) };
    const { items, resourceVersion, next } = readPage(await client.request({ path, query: page, timeoutMs, signal }));
    first ??= resourceVersion;
    for (const item of items) onItem(item);
    onPage();
    if (next === "") return first;
    if (seen.has(next)) throw new ApiError("refused", `The API server's list of ${path} goes in circles`);
    seen.add(next);
    token = next;
  }
}

function readPage(answer: unknown): { items: readonly unknown[]; resourceVersion: string; next: string } {
  const { items, metadata } = isRecord(answer) ? answer : {};
  const { resourceVersion, continue: next } = isRecord(metadata) ? metadata : {};
  // Go writes an empty list as null.
  const list = items === null ? [] : items;
  if (!Array.isArray(list) || typeof resourceVersion !== "string") {
    throw new ApiError("transient", "The API server's answer is not a list");
  }
  return { items: list, resourceVersion, next: typeof next === "string" ? next : "" };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
