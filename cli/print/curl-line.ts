import type { ExampleRequest } from "./example-request.ts";

/** Where an entry point listens, as a client reaches it. */
export interface Listener {
  host: string;
  port: number;
}

/** A command that sends the request when pasted into a shell. */
export const curlLine = (request: ExampleRequest, listener: Listener, tls: boolean): string =>
  write(["curl"], request, listener, tls);

/**
 * A command that makes a call of gRPC with an empty message, and shows what comes back besides the message, with
 * the status in the trailers. A path without a method gets a made-up one.
 */
export function grpcLine(request: ExampleRequest, listener: Listener, tls: boolean): string {
  // The frame of a message of no bytes: not compressed, and a length of 0.
  const message = "printf '\\0\\0\\0\\0\\0'";
  const version = tls ? "--http2" : "--http2-prior-knowledge";
  const curl = `curl -sS -D - -o /dev/null --data-binary @- ${version}`;
  const words = [message, "|", curl, "-H 'Content-Type: application/grpc' -H 'TE: trailers'"];
  return write(words, request, listener, tls);
}

/** The path of a call that begins with one: `/package.Service/Method` (gRPC over HTTP/2, Requests). */
export function callPath(path = "/"): string {
  const [, service = "", ...method] = path.split("/");
  return `/${service || "package.Service"}/${method.join("/") || "Method"}`;
}

function write(words: string[], request: ExampleRequest, listener: Listener, tls: boolean): string {
  const target = listener.host.includes(":") ? `[${listener.host}]` : listener.host;
  if (tls) words.push("-k");
  if (request.method === "HEAD") words.push("-I");
  else if (request.method !== undefined && request.method !== "GET") words.push("-X", quote(request.method));
  for (const [name, value] of request.headers) words.push("-H", quote(`${name}: ${value}`));
  const path = encodePath(request.path ?? "/") + encodeQuery(request.query);
  if (/[[\]{}]/.test(path)) words.push("-g");
  if (tls && request.host !== undefined) {
    words.push("--resolve", quote(`${request.host}:${listener.port}:${target}`));
    words.push(quote(`https://${request.host}:${listener.port}${path}`));
  } else {
    if (request.host !== undefined) words.push("-H", quote(`Host: ${request.host}`));
    words.push(quote(`${tls ? "https" : "http"}://${target}:${listener.port}${path}`));
  }
  return words.join(" ");
}

/** A routing path as it is sent: its escapes stay, what may not stand in a target is escaped. */
const encodePath = (path: string): string =>
  path.replace(/%(?![0-9A-F]{2})|[^\w\-.~!$&'()*+,;=:@/%[\]]/gu, (char) => encodeURIComponent(char));

const encodeQuery = (query: ExampleRequest["query"]): string =>
  query.length === 0
    ? ""
    : `?${query.map(([key, value]) => encodeURIComponent(key) + (value && `=${encodeURIComponent(value)}`)).join("&")}`;

/** One word for a POSIX shell. */
const quote = (word: string): string => (/^[\w\-.:/@%+=,]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
