import type { IncomingMessage } from "node:http";
import { apiStatus } from "./api-status.ts";
import type { ResourceKind } from "./resource-kinds.ts";

export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection"
  /** What is about no object: discovery, version, health. */
  | "meta";

/** A request as an API server reads it, before anything is known of its kind. */
export interface ApiRequestInfo {
  method: string;
  /** With the query. */
  target: string;
  path: string;
  query: URLSearchParams;
  verb: Verb;
  group: string;
  version: string;
  /** The resource's name in paths; empty for `meta`. */
  plural: string;
  namespace: string;
  name: string;
  subresource: string;
}

/** What the request line says. */
export function readRequest({ method = "GET", url = "/" }: Pick<IncomingMessage, "method" | "url">): ApiRequestInfo {
  const { pathname, searchParams: query } = new URL(url, "http://server");
  const info: ApiRequestInfo = {
    method,
    target: url,
    path: pathname,
    query,
    verb: "meta",
    group: "",
    version: "",
    plural: "",
    namespace: "",
    name: "",
    subresource: "",
  };
  const parts = pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const isCore = parts[0] === "api";
  if (!isCore && parts[0] !== "apis") return info;
  const rest = parts.slice(isCore ? 2 : 3);
  if (rest.length === 0) return info;
  info.group = isCore ? "" : (parts[1] ?? "");
  info.version = (isCore ? parts[1] : parts[2]) ?? "";
  const isNamespaceItself = rest.length < 3 || (rest.length === 3 && /^(status|finalize)$/.test(rest[2] ?? ""));
  if (rest[0] === "namespaces" && !isNamespaceItself) {
    info.namespace = rest[1] ?? "";
    rest.splice(0, 2);
  }
  const [plural = "", name = "", subresource = ""] = rest;
  return { ...info, plural, name, subresource, verb: verbOf(method, name, query) };
}

function verbOf(method: string, name: string, query: URLSearchParams): Verb {
  if (method === "GET" || method === "HEAD") {
    if (name !== "") return "get";
    return ["true", "1"].includes(query.get("watch") ?? "") ? "watch" : "list";
  }
  if (method === "POST") return "create";
  if (method === "PUT") return "update";
  if (method === "PATCH") return "patch";
  return name === "" ? "deletecollection" : "delete";
}

/** The kind that the request names. @throws ApiStatus 404 when the server has none */
export function findKind(kinds: Iterable<ResourceKind>, info: ApiRequestInfo): ResourceKind {
  for (const kind of kinds) {
    const isNamed = kind.group === info.group && kind.plural === info.plural && kind.versions.includes(info.version);
    if (isNamed && (kind.namespaced || info.namespace === "")) return kind;
  }
  throw apiStatus(404, "the server could not find the requested resource");
}

const LIMIT_BYTES = 3 * 1024 * 1024;

/** @throws ApiStatus 413 above the 3 MiB that a server takes */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= LIMIT_BYTES) chunks.push(chunk);
  }
  if (bytes > LIMIT_BYTES) throw apiStatus(413, `the request is larger than ${LIMIT_BYTES} bytes`);
  return Buffer.concat(chunks).toString("utf8");
}
