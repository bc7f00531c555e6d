import { isDeepStrictEqual } from "node:util";
import { isJson } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";

/** What the operations of RFC 6902 make of a document. @throws ApiStatus 422 when one cannot be done */
export function jsonPatch(document: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw apiStatus(400, "a JSON patch is a list of operations");
  return operations.reduce<unknown>(applyOperation, structuredClone(document));
}

function applyOperation(document: unknown, operation: unknown): unknown {
  if (!isJson(operation)) throw apiStatus(400, "an operation of a JSON patch is an object");
  const { op, value } = operation;
  const path = pointer(operation.path);
  if (op === "test") {
    if (isDeepStrictEqual(read(document, path), value)) return document;
    throw refused(`testing ${String(operation.path)} failed`);
  }
  if (op === "add") return add(document, path, structuredClone(value));
  if (op === "remove") return remove(document, path);
  if (op === "replace") {
    read(document, path);
    return add(path.length === 0 ? document : remove(document, path), path, structuredClone(value));
  }
  const from = pointer(operation.from);
  const moved = structuredClone(read(document, from));
  if (op === "copy") return add(document, path, moved);
  if (op === "move") return add(remove(document, from), path, moved);
  throw refused(`unknown operation ${String(op)}`);
}

const pointer = (text: unknown): string[] =>
  String(text ?? "")
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

function read(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const part of path) {
    if (!(isJson(value) || Array.isArray(value)) || !Object.hasOwn(value, part)) throw refused(`no ${path.join("/")}`);
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function add(document: unknown, path: readonly string[], value: unknown): unknown {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) {
    const at = last === "-" ? parent.length : Number(last);
    if (!(at >= 0 && at <= parent.length)) throw refused(`no place ${last} in the list`);
    parent.splice(at, 0, value);
  } else if (isJson(parent)) parent[last] = value;
  else throw refused(`nothing can be added at ${path.join("/")}`);
  return document;
}

function remove(document: unknown, path: readonly string[]): unknown {
  read(document, path);
  const parent = read(document, path.slice(0, -1));
  const last = path.at(-1) ?? "";
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isJson(parent)) delete parent[last];
  return document;
}

const refused = (message: string) => apiStatus(422, `the JSON patch cannot be applied: ${message}`);
